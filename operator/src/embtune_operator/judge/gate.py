"""A gate's result: one rule, judged on bounds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.metrics import is_compressed, on_slice, split_metric
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES, GateResult, Outcome
from embtune_operator.judge.measure import measure
from embtune_operator.judge.power import detectable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embtune_api.promotion import Gate
    from embtune_operator.judge.bootstrap import Bounds
    from embtune_operator.judge.scores import Scores
    from embtune_operator.judge.slices import Members

MARKS: dict[Outcome, str] = {"Passed": "✓", "Rejected": "✗", "Inconclusive": "?"}


@dataclass(frozen=True)
class Exhibits:
    """The scores of the compared models on the same queries, those that one of them was trained on left out."""

    candidate: Scores
    base: Scores
    champion: Scores | None
    """None while nothing is in production."""
    champion_version: int | None = None
    slices: tuple[Members, ...] = ()
    """Of these queries."""

    def on(self, ref: str) -> Exhibits | None:
        """The scores on one slice; None: no query is in it."""
        found = next((one.inside for one in self.slices if one.ref == ref), None)
        if found is None or not found.any():
            return None
        champion = self.champion.only(found) if self.champion else None
        return Exhibits(self.candidate.only(found), self.base.only(found), champion, self.champion_version)


def judge(gate: Gate, exhibits: Exhibits) -> GateResult:
    """What one gate says.

    - a metric that is missing, NaN where the base has a number, or without meaning in some draws: Inconclusive
    - fewer than 50 queries or 20 groups: Inconclusive, whatever the numbers are
    - a floor (`min`, `minDelta`): Passed when the lower bound reaches it, Rejected when the upper bound does not
    - a ceiling (`max`): mirrored
    - `against: Production` while nothing is in production: the base stands in
    - one slice: all of this on its queries; for a gate on every slice see `worst`
    """
    shown = exhibits.on(gate.slice) if gate.slice else exhibits
    if shown is None:
        return unjudged(gate, "no query of the exam is in that slice")
    reference, rival = reference_of(gate, shown)
    compared = comparable(gate.metric, shown, reference)
    if isinstance(compared, str):
        return unjudged(gate, compared)
    if too_few := sample_floor(compared[0].groups):
        return unjudged(gate, too_few)
    measured = measure([gate.metric], compared)[gate.metric]
    if not measured.is_defined:
        return unjudged(gate, f"too few pairs are alike, or too few differ: {_hold_out('rows')}")
    score = measured.bounds(0, gate.confidence)
    judged = score if reference is None else measured.difference(0, 1, gate.confidence)
    outcome = outcome_of(gate, judged)
    draws = measured.draws[:, 0] - (0 if reference is None else measured.draws[:, 1])
    detects = detectable(float(draws.std()), 1, 1, gate.confidence)
    return GateResult(
        metric=on_slice(gate.metric, gate.slice),
        outcome=outcome,
        line=_line(gate, outcome, score.value, judged, rival),
        value=judged.value,
        lower=judged.lower,
        upper=judged.upper,
        threshold=threshold(gate),
        detects=detects,
        dry_run=gate.dry_run,
    )


def unjudged(gate: Gate, cause: str) -> GateResult:
    """A gate that cannot be judged, and why not."""
    line = f"{told(gate, gate.slice)}: not judged, {cause} {mark(gate, 'Inconclusive')}"
    metric = on_slice(gate.metric, gate.slice)
    return GateResult(metric=metric, outcome="Inconclusive", line=line, threshold=threshold(gate), dry_run=gate.dry_run)


def threshold(gate: Gate) -> float:
    """The number that the gate names, whichever rule it is."""
    return next(number for number in (gate.min, gate.max, gate.min_delta) if number is not None)


def reference_of(gate: Gate, exhibits: Exhibits) -> tuple[Scores | None, str]:
    """Whom the candidate is compared with, and what that is called; None: with nobody."""
    if gate.against is None:
        return None, ""
    if gate.against == "Base":
        return exhibits.base, "base"
    if exhibits.champion is None:
        return exhibits.base, "base (nothing is in production)"
    return exhibits.champion, f"production v{exhibits.champion_version}"


def comparable(metric: str, exhibits: Exhibits, reference: Scores | None) -> list[Scores] | str:
    """Candidate and reference, or the candidate alone, on what can be scored at all; or why there are none."""
    import numpy as np

    base = exhibits.base
    compared = [exhibits.candidate, *([reference] if reference else [])]
    needed, untouched = [scores.needed(metric) for scores in compared], base.needed(metric)
    if untouched is None or any(values is None for values in needed):
        return "the metric is missing from the evaluation"
    if any(len(scores.groups) != len(base.groups) for scores in compared):
        return "the compared models were not scored on the same queries"
    answerable = known(untouched)
    if any(np.isnan(values[answerable]).any() for values in needed if values is not None):
        smaller = ": vectors are broken, or have fewer numbers than are to be kept" if is_compressed(metric) else ""
        return f"the metric is not a number for some queries{smaller}"
    return [scores.only(answerable) for scores in compared]


def known(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(queries,) bool: what the untouched base can be scored on, and therefore anybody: (queries, columns)."""
    import numpy as np

    return np.asarray(~np.isnan(values).any(axis=1))


def sample_floor(groups: NDArray[np.int64]) -> str | None:
    """Why so few settle nothing; None: they are enough."""
    import numpy as np

    if len(groups) < MIN_QUERIES:
        return f"{len(groups)} queries are under the floor of {MIN_QUERIES}: {_hold_out('rows')}"
    if (count := len(np.unique(groups))) < MIN_GROUPS:
        return f"{count} groups are under the floor of {MIN_GROUPS}: {_hold_out('groups')}"
    return None


def _hold_out(what: str) -> str:
    """What to do about a small exam: a line's own never changes."""
    return f"hold out more {what} for the test (data.split) under a new spec.model"


def outcome_of(gate: Gate, judged: Bounds) -> Outcome:
    wanted = threshold(gate)
    if gate.max is not None:
        return "Passed" if judged.upper <= wanted else "Rejected" if judged.lower > wanted else "Inconclusive"
    return "Passed" if judged.lower >= wanted else "Rejected" if judged.upper < wanted else "Inconclusive"


def _line(gate: Gate, outcome: Outcome, score: float, judged: Bounds, rival: str) -> str:
    """`ndcg@10 0.612: +0.029 over production v3, 95 % bound +0.011 ≥ 0.010 ✓`"""
    difference = f": {judged.value:+.3f} over {rival}" if rival else ""
    rule = _rule(gate, outcome, judged, "+" if rival else "")
    return f"{told(gate, gate.slice)} {score:.3f}{difference}, {gate.confidence * 100:g} % {rule} {mark(gate, outcome)}"


def _rule(gate: Gate, outcome: Outcome, judged: Bounds, sign: str) -> str:
    """The bound that decided, against the threshold; both bounds where neither decided."""
    strict, lenient, name, meets, misses = sides_of(gate, judged)
    bound, wanted = told_apart(lenient if outcome == "Rejected" else strict, threshold(gate), sign)
    if outcome == "Rejected":
        return f"{name} {bound} {misses} {wanted}"
    if outcome == "Inconclusive":
        return f"bound {bound} {misses} {wanted} ({name} {lenient:{sign}.3f})"
    return f"bound {bound} {meets} {wanted}"


def sides_of(gate: Gate, judged: Bounds) -> tuple[float, float, str, str, str]:
    """The bound that must meet the threshold, the one that misses it where the gate is rejected, that one's name, and the signs
    of meeting and missing."""
    if gate.max is None:
        return judged.lower, judged.upper, "upper bound", "≥", "<"
    return judged.upper, judged.lower, "lower bound", "≤", ">"


def told_apart(bound: float, wanted: float, sign: str, least: int = 3) -> tuple[str, str]:
    """Both numbers with as many digits as it takes to see which is larger, `least` at least and six at most."""
    digits = next((d for d in range(least, 6) if bound == wanted or f"{bound:.{d}f}" != f"{wanted:.{d}f}"), 6)
    return f"{bound:{sign}.{digits}f}", f"{wanted:.{digits}f}"


def told(gate: Gate, ref: str | None) -> str:
    """`ndcg@10`, or `ndcg@10 of lang=de`; of vectors made smaller `test@int8/ndcg@10`"""
    metric = gate.metric if is_compressed(gate.metric) else split_metric(gate.metric)[1]
    return f"{metric} of {ref}" if ref else metric


def mark(gate: Gate, outcome: Outcome) -> str:
    return f"{MARKS[outcome]} (dry run)" if gate.dry_run else MARKS[outcome]
