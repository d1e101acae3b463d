"""Pairs, some or all with negatives: MultipleNegativesRanking, in one direction or both, and Triplet."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.train.batches import Rows, global_batches
from embtune_trainer.train.losses.ranking import multiple_negatives_ranking, multiple_negatives_symmetric_ranking, triplet
from embtune_trainer.train.objectives.objective import BatchLoss
from embtune_trainer.train.positives import KnownPositives
from embtune_trainer.train.rows import Record


@dataclass(frozen=True)
class Places:
    """Where the texts of a batch lie among its embeddings: a row's anchor, its positive, and then its negatives."""

    anchors: NDArray[np.int64]
    """(batch,)"""
    negatives: NDArray[np.int64]
    """(negatives,)"""
    row_of_negative: NDArray[np.int64]
    """(negatives,): the position in the batch of the row that it belongs to."""

    @classmethod
    def of(cls, negatives: NDArray[np.int64]) -> "Places":
        """`negatives`: how many each row of the batch has."""
        counts = negatives + 2
        anchors = np.cumsum(counts) - counts
        owners = np.repeat(np.arange(len(counts)), counts)
        nth = np.arange(len(owners)) - anchors[owners]
        is_negative = nth >= 2
        return cls(anchors, np.flatnonzero(is_negative), owners[is_negative])


@dataclass(frozen=True)
class Ranking:
    """Each anchor's own positive above every other positive and every negative of the batch."""

    known: KnownPositives
    negatives: NDArray[np.int64]
    """(rows,): how many each row has."""
    scale: float
    symmetric: bool = False
    """Each positive's own anchor above every other anchor of the batch, too."""

    @classmethod
    def of(cls, records: Sequence[Record], scale: float, *, symmetric: bool = False) -> "Ranking":
        return cls(known_positives(records), negatives_of(records), scale, symmetric)

    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        return global_batches(len(self.negatives), batch_size, epoch, seed)

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        places, known = Places.of(self.negatives[batch]), self.known.mask(batch)
        candidates = torch.cat([embeddings[places.anchors + 1], embeddings[places.negatives]])
        on_device = torch.from_numpy(known).to(embeddings.device)
        rank = multiple_negatives_symmetric_ranking if self.symmetric else multiple_negatives_ranking
        value = rank(embeddings[places.anchors], candidates, on_device, self.scale)
        return BatchLoss(value, masked_negatives=int(known.sum()) - len(batch))


@dataclass(frozen=True)
class Triplets:
    """Each anchor nearer to its positive than to each of its own negatives."""

    negatives: NDArray[np.int64]
    """(rows,): how many each row has; at least one."""
    margin: float

    @classmethod
    def of(cls, records: Sequence[Record], margin: float) -> "Triplets":
        return cls(negatives_of(records), margin)

    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        return global_batches(len(self.negatives), batch_size, epoch, seed)

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        places = Places.of(self.negatives[batch])
        anchors = places.anchors[places.row_of_negative]
        return BatchLoss(triplet(embeddings[anchors], embeddings[anchors + 1], embeddings[places.negatives], self.margin))


def known_positives(records: Sequence[Record]) -> KnownPositives:
    """What the rows say to be right; a row that was made of another knows what that one knows."""
    labels = [str(record["label"]) for record in records] if records and "label" in records[0] else None
    originals = [record.get("original", record) for record in records]
    return KnownPositives(
        [normalise(original["anchor"]) for original in originals],
        [normalise(original["positive"]) for original in originals],
        labels,
        [[normalise(text) for text in record.get("negatives", ())] for record in records],
    )


def negatives_of(records: Sequence[Record]) -> NDArray[np.int64]:
    """(rows,): how many each row has."""
    return np.array([len(record.get("negatives", ())) for record in records], dtype=np.int64)
