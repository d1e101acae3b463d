"""The steps: prepare, train, evaluate, publish, each `embtune-trainer STEP --request request.json`.

What belongs here: everything that computes on data and models. What does not: decisions; a step reads and writes only
the store, and never imports kopf or kubernetes.
"""
