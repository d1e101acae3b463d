"""Pairs of which a teacher has spoken: MSE of its vectors, MarginMSE of its scores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embtune_trainer.train.batches import Rows, global_batches
from embtune_trainer.train.lessons import Lessons
from embtune_trainer.train.losses.distilled import margin_mse, mse
from embtune_trainer.train.objectives.objective import BatchLoss
from embtune_trainer.train.objectives.pairs import Places, negatives_of
from embtune_trainer.train.rows import Record


@dataclass(frozen=True)
class Translated:
    """A text and its translation where the teacher puts the text."""

    negatives: NDArray[np.int64]
    """(rows,): how many each row has; replayed rows may have some, and nothing is learnt from these."""
    targets: Lessons
    """The vector that each text is to get."""

    @classmethod
    def of(cls, records: Sequence[Record], targets: Lessons) -> "Translated":
        return cls(negatives_of(records), targets)

    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        return global_batches(len(self.negatives), batch_size, epoch, seed)

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        anchors = Places.of(self.negatives[batch]).anchors
        texts = np.concatenate([anchors, anchors + 1])
        targets = torch.from_numpy(self.targets.of(batch)[texts, : embeddings.shape[1]]).to(embeddings)
        return BatchLoss(mse(embeddings[texts], targets))


@dataclass(frozen=True)
class Preferred:
    """Each positive above each of its row's negatives by as much as the teacher has it there."""

    negatives: NDArray[np.int64]
    """(rows,): how many each row has; from a row without any nothing is learnt."""
    scores: Lessons
    """Of each positive and negative for its row's anchor."""

    @classmethod
    def of(cls, records: Sequence[Record], scores: Lessons) -> "Preferred":
        return cls(negatives_of(records), scores)

    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        return global_batches(len(self.negatives), batch_size, epoch, seed)

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        places, scores = Places.of(self.negatives[batch]), self.scores.of(batch)[:, 0]
        if not len(places.negatives):
            return BatchLoss(embeddings.sum() * 0)
        anchors = places.anchors[places.row_of_negative]
        margins = torch.from_numpy(scores[anchors + 1] - scores[places.negatives]).to(embeddings)
        return BatchLoss(margin_mse(embeddings[anchors], embeddings[anchors + 1], embeddings[places.negatives], margins))
