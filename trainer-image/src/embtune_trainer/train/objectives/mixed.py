"""Several sets of rows, each with an objective of its own: every batch is of one of them."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from torch import Tensor

from embtune_api.presets import steps_per_epoch
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.objectives.objective import BatchLoss, Objective
from embtune_trainer.train.sets import Sets

_DRAW = 1
"""Tells the drawing of sets apart from that of the main rows, which has the seed and the epoch alone."""


@dataclass(frozen=True)
class Mixed:
    """The main objective, and those of auxiliary sets.

    In an epoch the batches of all sets come in a random order, as in sentence-transformers' ProportionalBatchSampler. The main
    rows are passed once. An auxiliary set is passed again and again, without regard to epochs; each epoch takes from that as
    many batches as the set weighs.
    """

    sets: Sets
    objectives: Sequence[Objective]
    """Of each set over its own rows, the main one's first."""

    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        counts = self.sets.steps(batch_size)
        streams = [iter(self.objectives[0].batches(batch_size, epoch, seed))]
        for number, count in enumerate(counts[1:], start=1):
            streams.append(islice(self._passes(number, batch_size, seed, epoch * count), count))
        drawn = np.random.default_rng([seed, epoch, _DRAW]).permutation(np.repeat(np.arange(len(counts)), counts))
        return [self.sets.first[number] + next(streams[number]) for number in drawn]

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        number = self.sets.number(batch)
        return self.objectives[number].loss(embeddings, batch - self.sets.first[number])

    def _passes(self, number: int, batch_size: int, seed: int, done: int) -> Iterator[Rows]:
        """The batches of an auxiliary set, pass after pass, but for the first `done` of them."""
        one = self.sets.beside[number - 1]
        own_seed = _seed_of(seed, one.name)
        current, skipped = divmod(done, steps_per_epoch(one.rows, batch_size))
        while True:
            yield from self.objectives[number].batches(batch_size, current, own_seed)[skipped:]
            current, skipped = current + 1, 0


def _seed_of(seed: int, name: str) -> int:
    """Of an auxiliary set: its order depends on no other set."""
    return int.from_bytes(hashlib.sha256(repr((seed, name, "auxiliary")).encode()).digest()[:8], "big")
