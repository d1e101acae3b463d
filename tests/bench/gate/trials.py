"""Comparisons whose truth is known, made of what two real models scored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from embtune_api.promotion import Gate
from embtune_operator.judge.gate import Exhibits, judge
from embtune_operator.judge.measure import measure
from embtune_operator.judge.scores import Scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embtune_operator.judge.bootstrap import Bounds

    Values = NDArray[np.float64]

METRIC = "test/ndcg@10"
GATE = Gate.model_validate({"metric": METRIC, "minDelta": 0.0, "against": "Base", "confidence": 0.95})
TOGETHER = 100
"""Comparisons measured in one call: the same groups are drawn for each anyway."""


@dataclass(frozen=True)
class Trial:
    """A candidate beside the base: (queries,) each."""

    candidate: Values
    base: Values

    def better_by(self, difference: float) -> Trial:
        return Trial(self.candidate + difference, self.base)


@dataclass(frozen=True)
class Judged:
    bounds: Bounds
    error: float
    """Standard error of the difference, as the judge's draws have it."""

    @property
    def passed(self) -> bool:
        return self.bounds.lower >= 0

    @property
    def rejected(self) -> bool:
        return self.bounds.upper < 0


def swapped(first: Values, second: Values, groups: NDArray[np.int64], trials: int, seed: int = 11) -> list[Trial]:
    """Neither model is better: who is the candidate is drawn anew for each group, whose queries stay together."""
    members = np.unique(groups, return_inverse=True)[1]
    draw = np.random.default_rng(seed)
    made = []
    for _ in range(trials):
        swap = (draw.random(members.max() + 1) < 0.5)[members]
        made.append(Trial(np.where(swap, second, first), np.where(swap, first, second)))
    return made


def judged(trials: Sequence[Trial], groups: NDArray[np.int64]) -> list[Judged]:
    """By the judge's own code. Raises AssertionError where the gate itself, asked about some of them, says otherwise."""
    found = []
    for start in range(0, len(trials), TOGETHER):
        some = trials[start : start + TOGETHER]
        models = [_scores(values, groups) for trial in some for values in (trial.candidate, trial.base)]
        measured = measure([METRIC], models)[METRIC]
        for number in range(len(some)):
            candidate, base = 2 * number, 2 * number + 1
            bounds = measured.difference(candidate, base, GATE.confidence)
            found.append(Judged(bounds, float((measured.draws[:, candidate] - measured.draws[:, base]).std())))
    for one, trial in list(zip(found, trials, strict=True))[::400]:
        says = judge(GATE, Exhibits(_scores(trial.candidate, groups), _scores(trial.base, groups), None)).outcome
        assert says == ("Passed" if one.passed else "Rejected" if one.rejected else "Inconclusive")
    return found


def _scores(values: Values, groups: NDArray[np.int64]) -> Scores:
    return Scores((METRIC,), values.reshape(-1, 1), groups)
