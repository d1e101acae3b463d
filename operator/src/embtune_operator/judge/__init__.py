"""From per-query scores to a verdict: scores → bootstrap → gates → verdict.

What belongs here: statistics and rules, pure but for reading scores. What does not: what happens because of a verdict
(`pipeline`, `registry`).
"""
