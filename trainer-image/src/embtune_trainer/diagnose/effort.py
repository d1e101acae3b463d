"""How much is done: enough to tell, in a time that a person waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.training import Training
    from embtune_trainer.train.rows import Record

MOST_ROWS = 64
"""In a batch of an experiment."""
_SWEEP, _ONE_BATCH, _RUN, _PROBES = 80, 60, 40, 8
"""Steps, and batches of rows that are not learnt from."""
_LEAST_SHARE = 0.4
"""Of these steps that are done at least; a slower machine takes smaller batches then."""
_FEWEST_ROWS = 16
_FEWEST_PROBED = 8
"""Rows of a batch that is not learnt from: of labelled texts a batch needs so many."""
_FORWARD = 1 / 3
"""Of a step: a forward pass alone."""
_UNSEEN = 1 / 6
"""Share of the rows that is not learnt from, where there are few."""


@dataclass(frozen=True)
class Effort:
    batch_size: int
    sweep: int
    """Steps, as are the next two."""
    one_batch: int
    """Of each attempt."""
    run: int
    probes: int
    """Batches."""

    @property
    def steps(self) -> int:
        return self.sweep + self.one_batch + self.run


def effort_for(step_seconds: float, batch_size: int, seconds: float) -> Effort:
    """What can be done in the time, when a step with a batch of that size takes `step_seconds`."""
    whole = step_seconds * (_SWEEP * (1 + _FORWARD) + 2 * _ONE_BATCH + _RUN + 4 * _PROBES * _FORWARD)
    share = min(1.0, seconds / max(whole, 1e-9))
    if share < _LEAST_SHARE:
        batch_size = max(min(_FEWEST_ROWS, batch_size), int(batch_size * share / _LEAST_SHARE))
        share = _LEAST_SHARE
    return Effort(batch_size, round(_SWEEP * share), round(_ONE_BATCH * share), round(_RUN * share), _PROBES)


@dataclass(frozen=True)
class Share:
    """The rows that are taken."""

    learnt: list[Record]
    unseen: list[Record]
    batch_size: int
    """At most."""

    def probe_size(self, batch_size: int) -> int:
        """Rows of a batch of those that are not learnt from: there should be several batches, to tell chance from change."""
        return max(2, min(batch_size, max(_FEWEST_PROBED, len(self.unseen) // _PROBES), len(self.unseen)))


def share_out(records: Sequence[Record], recipe: Training) -> Share:
    """Some rows in the order of a random permutation, which the job's seed fixes. One row alone is on both sides."""
    if len(records) < 2:
        return Share(list(records), list(records), 1)
    batch_size = min(recipe.batch_size or MOST_ROWS, MOST_ROWS, len(records))
    order = np.random.default_rng([recipe.seed]).permutation(len(records))
    unseen = max(1, min(batch_size * _PROBES, int(len(records) * _UNSEEN)))
    learnt = min(len(records) - unseen, batch_size * _RUN)
    taken = [records[row] for row in order[: unseen + learnt]]
    return Share(taken[unseen:], taken[:unseen], min(batch_size, max(1, learnt)))
