"""Labelled texts, with batches in which each text has company of its label."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embtune_api.presets import steps_per_epoch
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.objectives.objective import BatchLoss
from embtune_trainer.train.rows import Record

TEXTS_A_LABEL = 4
"""Of one label that stand together in a batch: Hermans et al. 2017 take 4 as well."""


LabelLoss = Callable[[Tensor, Tensor], Tensor]
"""(texts, dim), labels (texts,) int64 → a scalar."""


@dataclass(frozen=True)
class Labelled:
    """Each text nearer to those of its label than to any other."""

    labels: NDArray[np.int64]
    """(rows,): equal numbers for equal labels."""
    label_loss: LabelLoss

    @classmethod
    def of(cls, records: Sequence[Record], label_loss: LabelLoss) -> "Labelled":
        names = np.array([str(record["label"]) for record in records], dtype=object)
        return cls(np.unique(names, return_inverse=True)[1].astype(np.int64), label_loss)

    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        return labelled_batches(self.labels, batch_size, epoch, seed)

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        labels = torch.from_numpy(self.labels[batch]).to(embeddings.device)
        return BatchLoss(self.label_loss(embeddings, labels))


def labelled_batches(labels: NDArray[np.int64], batch_size: int, epoch: int, seed: int) -> list[Rows]:
    """The batches of one epoch, of 8 texts and more: every row once, several texts of a label together, and several labels.

    Each label's rows are cut into handfuls in a fresh random order. Then every label gives one handful in turn, while it has
    any, so that no two handfuls of one label are neighbours until only one label is left.
    """
    draw = np.random.default_rng([seed, epoch])
    turns: list[tuple[int, float, Rows]] = []
    for label in np.unique(labels):
        own = draw.permutation(np.flatnonzero(labels == label))
        handfuls = np.array_split(own, max(1, len(own) // TEXTS_A_LABEL))
        turns += [(turn, draw.random(), handful) for turn, handful in enumerate(handfuls)]
    dealt = [handful for _, _, handful in sorted(turns, key=lambda entry: entry[:2])]
    batches = np.array_split(np.arange(len(dealt)), steps_per_epoch(len(labels), batch_size))
    return [np.concatenate([dealt[number] for number in part]) for part in batches]
