"""Pairs, some or all with negatives, and a guide who knows more positives than the rows do: GIST."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embtune_trainer.train.batches import Rows, global_batches
from embtune_trainer.train.lessons import Lessons
from embtune_trainer.train.losses.guided import gist
from embtune_trainer.train.objectives.objective import BatchLoss
from embtune_trainer.train.objectives.pairs import Places, known_positives, negatives_of
from embtune_trainer.train.positives import KnownPositives
from embtune_trainer.train.rows import Record


@dataclass(frozen=True)
class Guided:
    """Each anchor's own positive above all that the guide does not take for right, anchors and positives of other rows too."""

    known: KnownPositives
    negatives: NDArray[np.int64]
    """(rows,): how many each row has."""
    guide: Lessons
    """Vectors of every text."""
    scale: float
    margin: float

    @classmethod
    def of(cls, records: Sequence[Record], guide: Lessons, scale: float, margin: float) -> "Guided":
        return cls(known_positives(records), negatives_of(records), guide, scale, margin)

    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        return global_batches(len(self.negatives), batch_size, epoch, seed)

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        places = Places.of(self.negatives[batch])
        known = torch.from_numpy(self.known.mask(batch)).to(embeddings.device)
        guided = torch.from_numpy(self.guide.of(batch)).to(embeddings)
        candidates = np.concatenate([places.anchors + 1, places.negatives])
        value, left_out = gist(
            embeddings[places.anchors],
            embeddings[candidates],
            known,
            guided[places.anchors],
            guided[candidates],
            self.scale,
            self.margin,
        )
        return BatchLoss(value, masked_negatives=int(left_out.sum()))
