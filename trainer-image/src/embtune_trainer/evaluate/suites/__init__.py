"""Suites: what is measured of one model on one exam; a file for each kind.

What belongs here: from an encoder and an exam to the numbers that are kept, and from those to metrics. What does not: which
model, where the numbers are kept (`results`), and what follows from them (the operator's `judge`).
"""

from embtune_trainer.evaluate.suites.ask import ask, ask_each_way, means
from embtune_trainer.evaluate.suites.kept import Kept
from embtune_trainer.evaluate.suites.reranking import load_reader

__all__ = ["Kept", "ask", "ask_each_way", "load_reader", "means"]
