"""Models by what people call them, used outside a job: compared, tried out, run over a file.

What belongs here: names to models, and questions to the trainer, which alone can load one. What does not: what is printed.
"""
