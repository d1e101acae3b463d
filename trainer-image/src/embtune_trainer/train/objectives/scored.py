"""Scored pairs, graded or 0 and 1."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embtune_trainer.train.batches import Rows, global_batches
from embtune_trainer.train.objectives.objective import BatchLoss
from embtune_trainer.train.rows import Record

PairLoss = Callable[[Tensor, Tensor, Tensor], Tensor]
"""(pairs, dim), (pairs, dim), scores (pairs,) → a scalar."""


@dataclass(frozen=True)
class Scored:
    """The two texts of a pair as alike as its score says."""

    scores: NDArray[np.float64]
    """(rows,), from 0 to 1."""
    pair_loss: PairLoss

    @classmethod
    def of(cls, records: Sequence[Record], pair_loss: PairLoss) -> "Scored":
        return cls(unit_scores(np.array([record["score"] for record in records], dtype=np.float64)), pair_loss)

    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        return global_batches(len(self.scores), batch_size, epoch, seed)

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        scores = torch.from_numpy(self.scores[batch]).to(embeddings)
        return BatchLoss(self.pair_loss(embeddings[0::2], embeddings[1::2], scores))


def unit_scores(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """From 0 to 1: as they are where they lie there, else from the smallest to the largest of the training rows."""
    smallest, largest = float(scores.min(initial=np.inf)), float(scores.max(initial=-np.inf))
    if smallest >= 0 and largest <= 1:
        return scores
    return np.asarray((scores - smallest) / (largest - smallest or 1.0), dtype=np.float64)
