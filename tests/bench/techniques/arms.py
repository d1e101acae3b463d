"""Techniques: what each changes about the job, or about the training. Everything else is the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bench.techniques.sets import BANKING, TLDR

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from bench.techniques.sets import RealSet

Rows = list[dict[str, str]]


def as_they_are(rows: Rows) -> Rows:
    return rows


@dataclass(frozen=True)
class Arm:
    """One technique on one set, with and without."""

    technique: str
    real: RealSet
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the technique adds to spec.data."""
    rows: Callable[[Rows], Rows] = as_they_are
    """What is done to the rows on both sides, to make the need that the technique answers."""
    is_masking: bool = False
    """It keeps known positives out of the negatives: no field of the job, since embtune always does it."""

    @property
    def name(self) -> str:
        return f"{self.technique} on {self.real.name}"


HARD_NEGATIVES = {"mine": {"perQuery": 1, "margin": {"relative": 0.05}}}

ARMS = [
    *(Arm("known-positive masking", real, is_masking=True) for real in (TLDR, BANKING)),
    *(Arm("hard negatives", real, HARD_NEGATIVES) for real in (TLDR, BANKING)),
]
