"""Whose the rows of a training are: the main ones come first, then those of each auxiliary set."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from embtune_api.documents.prepare import PreparedSet
from embtune_api.presets import steps_of, steps_per_epoch
from embtune_trainer.train.batches import Rows


@dataclass(frozen=True)
class Sets:
    """The main rows, and what is trained on beside them. A batch is of one set."""

    main_rows: int
    beside: Sequence[PreparedSet] = ()

    @cached_property
    def first(self) -> NDArray[np.int64]:
        """(sets,): the first row of each, the main one's first."""
        ends = np.cumsum([self.main_rows, *(one.rows for one in self.beside)])
        return np.concatenate([[0], ends[:-1]]).astype(np.int64)

    def steps(self, batch_size: int) -> list[int]:
        """Global batches of each set in an epoch: the main rows are passed once, each other set as often as it weighs."""
        return [steps_per_epoch(self.main_rows, batch_size), *(steps_of(one, batch_size) for one in self.beside)]

    def number(self, batch: Rows) -> int:
        """Of the set that the batch is of, from 0, which is the main one."""
        return int(np.searchsorted(self.first, batch[0], side="right")) - 1

    def name(self, batch: Rows) -> str | None:
        """Of the auxiliary set; None: the batch is of the main rows."""
        number = self.number(batch)
        return self.beside[number - 1].name if number else None
