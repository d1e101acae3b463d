"""The recipes that are compared: the preset's, and a grid of four that somebody would try by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

from bench.techniques.sets import BANKING, MEDQUAD, TLDR
from embtune_api.presets import resolve
from embtune_api.training import Training

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.techniques.sets import RealSet

ROWS = 1500
"""That are trained on: enough to learn from, few enough for a laptop."""
EPOCHS = 2
SETS: Mapping[str, tuple[RealSet, int]] = {
    real.name: (replace(real, rows=rows), length)
    for real, rows, length in ((TLDR, 3000, 64), (MEDQUAD, 2602, 128), (BANKING, 2700, 64))
}
"""So many rows that ROWS of them are left to train on, and the tokens of a text in training."""


@dataclass(frozen=True)
class Recipe:
    name: str
    training: Mapping[str, Any]
    """`spec.training`"""

    @property
    def explicit(self) -> tuple[int | None, int | None, float | None]:
        """Epochs, batch size, learning rate: recipes of the same three are trained once."""
        training = resolve(Training.model_validate(self.training), ROWS)
        return training.epochs, training.batch_size, training.learning_rate


def auto(length: int) -> Recipe:
    """The preset, but for the epochs, which the bench has no time for."""
    return Recipe("preset: Auto", _common(length))


def grid(length: int) -> list[Recipe]:
    points = product((16, 64), (2e-5, 5e-5))
    return [
        Recipe(f"batch {size}, {rate:.0e}", _common(length) | {"batchSize": size, "learningRate": rate}) for size, rate in points
    ]


def _common(length: int) -> dict[str, Any]:
    return {"preset": "Auto", "epochs": EPOCHS, "maxSeqLength": length, "checkpointSteps": 1_000_000}
