"""EmbeddingModels: what Git says about a line, carried out.

What belongs here: the pin, the job of the template, and the status that shows the line. What does not: how a release is
swapped (`registry`), or what a job does (`pipeline`).
"""
