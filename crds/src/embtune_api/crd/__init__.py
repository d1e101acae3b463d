"""CustomResourceDefinitions, made from the models.

What belongs here: what a model can say about itself to an API server (`declare`), and the way from models to structural
schemas (`schema`) and definitions (`definition`). What does not: any field, default, bound or rule; those stand on the models.
"""
