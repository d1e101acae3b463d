"""A gate's result: one rule, judged on bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.metrics import split_metric
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES, GateResult, Outcome
from embtune_operator.judge.measure import measure

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embtune_api.promotion import Gate
    from embtune_operator.judge.bootstrap import Bounds
    from embtune_operator.judge.scores import Scores

MARKS: dict[Outcome, str] = {"Passed": "✓", "Rejected": "✗", "Inconclusive": "?"}


@dataclass(frozen=True)
class Exhibits:
    """The scores of the compared models on the same queries, those that one of them was trained on left out."""

    candidate: Scores
    base: Scores
    champion: Scores | None
    """None while nothing is in production."""
    champion_version: int | None = None


def judge(gate: Gate, exhibits: Exhibits) -> GateResult:
    """What one gate says.

    - a metric that is missing, NaN where the base has a number, or without meaning in some draws: Inconclusive
    - fewer than 50 queries or 20 groups: Inconclusive, whatever the numbers are
    - a floor (`min`, `minDelta`): Passed when the lower bound reaches it, Rejected when the upper bound does not
    - a ceiling (`max`): mirrored
    - `against: Production` while nothing is in production: the base stands in
    """
    reference, rival = _reference(gate, exhibits)
    compared = _compared(gate.metric, exhibits.candidate, exhibits.base, reference)
    if isinstance(compared, str):
        return unjudged(gate, compared)
    if too_few := _sample_floor(compared[0].groups):
        return unjudged(gate, too_few)
    measured = measure([gate.metric], compared)[gate.metric]
    if not measured.is_defined:
        return unjudged(gate, f"too few pairs are alike, or too few differ: {_hold_out('rows')}")
    score = measured.bounds(0, gate.confidence)
    judged = score if reference is None else measured.difference(0, 1, gate.confidence)
    outcome = _outcome(gate, judged)
    return GateResult(
        metric=gate.metric,
        outcome=outcome,
        line=_line(gate, outcome, score.value, judged, rival),
        value=judged.value,
        lower=judged.lower,
        upper=judged.upper,
        threshold=threshold(gate),
    )


def unjudged(gate: Gate, cause: str) -> GateResult:
    """A gate that cannot be judged, and why not."""
    line = f"{_short(gate.metric)}: not judged, {cause} {MARKS['Inconclusive']}"
    return GateResult(metric=gate.metric, outcome="Inconclusive", line=line, threshold=threshold(gate))


def threshold(gate: Gate) -> float:
    """The number that the gate names, whichever rule it is."""
    return next(number for number in (gate.min, gate.max, gate.min_delta) if number is not None)


def _reference(gate: Gate, exhibits: Exhibits) -> tuple[Scores | None, str]:
    if gate.against is None:
        return None, ""
    if gate.against == "Base":
        return exhibits.base, "base"
    if exhibits.champion is None:
        return exhibits.base, "base (nothing is in production)"
    return exhibits.champion, f"production v{exhibits.champion_version}"


def _compared(metric: str, candidate: Scores, base: Scores, reference: Scores | None) -> list[Scores] | str:
    """Candidate and reference, or the candidate alone, on what can be scored at all; or why there are none."""
    import numpy as np

    compared = [candidate, *([reference] if reference else [])]
    needed, untouched = [scores.needed(metric) for scores in compared], base.needed(metric)
    if untouched is None or any(values is None for values in needed):
        return "the metric is missing from the evaluation"
    if any(len(scores.groups) != len(base.groups) for scores in compared):
        return "the compared models were not scored on the same queries"
    answerable = np.asarray(~np.isnan(untouched).any(axis=1))
    if any(np.isnan(values[answerable]).any() for values in needed if values is not None):
        return "the metric is not a number for some queries"
    return [scores.only(answerable) for scores in compared]


def _sample_floor(groups: NDArray[np.int64]) -> str | None:
    import numpy as np

    if len(groups) < MIN_QUERIES:
        return f"{len(groups)} queries are under the floor of {MIN_QUERIES}: {_hold_out('rows')}"
    if (count := len(np.unique(groups))) < MIN_GROUPS:
        return f"{count} groups are under the floor of {MIN_GROUPS}: {_hold_out('groups')}"
    return None


def _hold_out(what: str) -> str:
    """What to do about a small exam: a line's own never changes."""
    return f"hold out more {what} for the test (data.split) under a new spec.model"


def _outcome(gate: Gate, judged: Bounds) -> Outcome:
    wanted = threshold(gate)
    if gate.max is not None:
        return "Passed" if judged.upper <= wanted else "Rejected" if judged.lower > wanted else "Inconclusive"
    return "Passed" if judged.lower >= wanted else "Rejected" if judged.upper < wanted else "Inconclusive"


def _line(gate: Gate, outcome: Outcome, score: float, judged: Bounds, rival: str) -> str:
    """`ndcg@10 0.612: +0.029 over production v3, 95 % bound +0.011 ≥ 0.010 ✓`"""
    difference = f": {judged.value:+.3f} over {rival}" if rival else ""
    rule = _rule(gate, outcome, judged, "+" if rival else "")
    return f"{_short(gate.metric)} {score:.3f}{difference}, {gate.confidence * 100:g} % {rule} {MARKS[outcome]}"


def _rule(gate: Gate, outcome: Outcome, judged: Bounds, sign: str) -> str:
    """The bound that decided, against the threshold; both bounds where neither decided."""
    if gate.max is None:
        strict, lenient, name, meets, misses = judged.lower, judged.upper, "upper bound", "≥", "<"
    else:
        strict, lenient, name, meets, misses = judged.upper, judged.lower, "lower bound", "≤", ">"
    bound, wanted = _told_apart(lenient if outcome == "Rejected" else strict, threshold(gate), sign)
    if outcome == "Rejected":
        return f"{name} {bound} {misses} {wanted}"
    if outcome == "Inconclusive":
        return f"bound {bound} {misses} {wanted} ({name} {lenient:{sign}.3f})"
    return f"bound {bound} {meets} {wanted}"


def _told_apart(bound: float, wanted: float, sign: str) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to see which is larger, three at least and six at most."""
    digits = next((d for d in range(3, 6) if bound == wanted or f"{bound:.{d}f}" != f"{wanted:.{d}f}"), 6)
    return f"{bound:{sign}.{digits}f}", f"{wanted:.{digits}f}"


def _short(metric: str) -> str:
    return split_metric(metric)[1]
