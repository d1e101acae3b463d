"""Objectives: what a training makes small over rows of one shape, and which rows make a batch for that.

What belongs here: from rows to the arguments of a loss. What does not: how embeddings come about (`loop`), and the mathematics
(`losses`).
"""

from embtune_trainer.train.objectives.choose import make_objective
from embtune_trainer.train.objectives.mixed import Mixed
from embtune_trainer.train.objectives.objective import BatchLoss, Objective

__all__ = ["BatchLoss", "Mixed", "Objective", "make_objective"]
