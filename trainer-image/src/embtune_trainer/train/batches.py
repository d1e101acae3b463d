"""Which rows make which global batch, and which rank embeds which of them.

Everything is a function of (seed, epoch, step), never of the number of processes, so a run can be resumed anywhere and
split over any number of ranks without changing a batch.
"""

import numpy as np
from numpy.typing import NDArray

from embtune_api.presets import steps_per_epoch

Rows = NDArray[np.int64]


def global_batches(rows: int, batch_size: int, epoch: int, seed: int) -> list[Rows]:
    """The batches of one epoch: every row once, in a fresh random order; sizes differ by at most one."""
    order = np.random.default_rng([seed, epoch]).permutation(rows)
    return np.array_split(order, steps_per_epoch(rows, batch_size))


def rank_slice(lengths: NDArray[np.int64], rank: int, world: int) -> NDArray[np.int64]:
    """Positions in the batch that `rank` embeds: dealt out by falling length, so that all ranks have equal work."""
    return np.argsort(-lengths, kind="stable")[rank::world]
