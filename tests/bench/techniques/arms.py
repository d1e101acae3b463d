"""Techniques: what each changes about the job, or about the training. Everything else is the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from bench.techniques.sets import BANKING, HINT3, TLDR

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.techniques.sets import RealSet

Kind = Literal["job", "masking", "replay"]


@dataclass(frozen=True)
class Arm:
    """One technique on one set, with and without."""

    technique: str
    real: RealSet
    data: Mapping[str, Any] = field(default_factory=dict)
    """What the technique adds to spec.data."""
    kind: Kind = "job"
    """job: a field of the job, `data`. masking: known positives are kept out of the negatives, as embtune always does; without,
    they are not. replay: a model that was trained on half of the groups learns the others, with as many rows of the first half
    beside them, or without."""

    @property
    def name(self) -> str:
        return f"{self.technique} on {self.real.name}"


HARD_NEGATIVES = {"mine": {"perQuery": 1, "margin": {"relative": 0.05}}}
AUGMENTATION = {"augment": {"methods": ["RandomDeletion", "RandomSwap", "Typos"], "ratio": 0.5}}
BALANCE = {"balance": {"by": "Label", "method": "WeightedSampling", "alpha": 0.5}}

ARMS = [
    *(Arm("known-positive masking", real, kind="masking") for real in (TLDR, BANKING)),
    *(Arm("hard negatives", real, HARD_NEGATIVES) for real in (TLDR, BANKING)),
    *(Arm("augmentation", real, AUGMENTATION) for real in (TLDR, BANKING)),
    *(Arm("balance", real, BALANCE) for real in (HINT3, BANKING)),
    *(Arm("replay", real, kind="replay") for real in (TLDR, BANKING)),
]
