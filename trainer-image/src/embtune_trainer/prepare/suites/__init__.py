"""Suites that take more than the line's exam: exams of their own, and cross-encoders.

What belongs here: reading and verifying what a suite names, and keeping it with the line by its content. What does not: asking
it (`evaluate`), and what to do about rows that match it (`leakage`).
"""

from embtune_trainer.prepare.suites.own import OwnSuites, read_suites

__all__ = ["OwnSuites", "read_suites"]
