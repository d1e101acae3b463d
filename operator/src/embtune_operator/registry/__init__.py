"""The registry of one line: its versions, which of them is in production, and how that came about.

What belongs here: reading versions, and the release as one compare-and-swap. What does not: who deserves to be
promoted (`judge`), or when (`pipeline`).
"""
