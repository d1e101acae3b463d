"""Augmentation: new rows to train on, each of them a row with a changed text.

What belongs here: how a text is changed, one method a file, and which of the changed texts may be trained on. What does not:
validation rows and the exam, which are never changed. Every choice follows from a hash of (seed, row, operation): a row becomes
the same new rows whatever stands beside it.
"""

from embtune_trainer.prepare.augment.job import AugmentJob

__all__ = ["AugmentJob"]
