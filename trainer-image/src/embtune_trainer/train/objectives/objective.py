"""What the loop asks of an objective."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from embtune_trainer.train.batches import Rows


@dataclass(frozen=True)
class BatchLoss:
    value: Tensor
    """A scalar."""
    masked_negatives: int = 0
    """In-batch negatives left out because they are known positives, or because a guide takes them for such."""


class Objective(Protocol):
    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        """The global batches of one epoch, as many as `steps_per_epoch` says: a function of these numbers alone."""

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        """Of one global batch.

        Args:
            embeddings: (texts, dim): of all texts of the batch, row after row
        """
