"""The data sets of a script: the main rows, and those that were trained on beside them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from embtune_api.auxiliary import MAIN
from embtune_api.losses import LOSS_SHAPES
from embtune_operator.eject.spelling import LossCall, loss_call

if TYPE_CHECKING:
    from embtune_api.documents.prepare import PreparedSet
    from embtune_api.training import Loss


@dataclass(frozen=True)
class ScriptedSet:
    """As the template writes it."""

    name: str
    file: str
    """Beside the script."""
    weight: float
    loss: LossCall
    kind: Literal["ranking", "labelled", "scored"]
    negatives: int
    """Of every row: a data set has as many columns for each."""

    @property
    def columns(self) -> list[str]:
        """Of answers, right and wrong, where it ranks."""
        return ["positive", *(f"negative_{number}" for number in range(self.negatives))]


def main_set(loss: Loss, rows: bytes) -> ScriptedSet:
    """Of the rows that the version's exam is of, as jsonl."""
    return _scripted(MAIN, "train.jsonl", 1.0, loss, rows)


def auxiliary_set(one: PreparedSet, rows: bytes) -> ScriptedSet:
    """Raises InvalidInput: the script cannot say its loss."""
    return _scripted(one.name, f"auxiliary/{one.name}.jsonl", one.weight, one.loss.loss, rows)


def _scripted(name: str, file: str, weight: float, loss: Loss, rows: bytes) -> ScriptedSet:
    shapes = LOSS_SHAPES[loss.name] if loss.name != "Auto" else frozenset()
    ranks = "pairs" in shapes or "triplets" in shapes
    return ScriptedSet(
        name=name,
        file=file,
        weight=weight,
        loss=loss_call(loss),
        kind="ranking" if ranks else "labelled" if "labelled texts" in shapes else "scored",
        negatives=min((len(json.loads(line).get("negatives", ())) for line in rows.split(b"\n") if line), default=0),
    )
