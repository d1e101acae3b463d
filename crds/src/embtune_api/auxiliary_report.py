"""What became of auxiliary sets, for the reports of `prepare` and `train`."""

from __future__ import annotations

from embtune_api.base import Document
from embtune_api.losses import LossChoice, Prepared


class AuxiliaryReport(Document):
    """What `prepare` made of the rows of one set."""

    name: str
    uri: str
    shape: Prepared
    loss: LossChoice
    """What Auto stands for is said here."""
    weight: float
    read: int
    removed: int
    """Rows that the checks of the data left out: they repeat or contradict another one, or are too old; empty ones are not
    counted."""
    matching: int
    """Rows left out since they match the exam, a suite's exam, or the validation rows."""
    train: int
    """Rows to train on."""


class AuxiliaryCourse(Document):
    """What `train` did with the rows of one set."""

    name: str
    loss: LossChoice
    rows: int
    weight: float
    steps_per_epoch: int
    """Batches of it in each epoch."""
    first_loss: float | None
    """Of its first batch; None: training ended before there was one."""
    last_loss: float | None
    """Of the last of its batches that is on the curve."""
