"""Models used outside a job: compared, tried out, and run over a file.

What belongs here: from a request to an answer. What does not: what is said of the answer (the operator's `judge` and `view`),
and how models and texts are encoded (`encoder`, `evaluate`).
"""
