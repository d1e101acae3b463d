"""One self-contained HTML page about a job or a version, made from what the store holds.

subject → evidence → conclusions → page. What belongs here: what the page says, and how it looks. What does not: numbers that
are neither in the store nor computed by `judge`, and anything that loads a model or reaches for the network.
"""
