"""A gate on every slice of one name: the worst one decides, on bounds that hold for all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.metrics import on_slice
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES, GateResult
from embtune_operator.judge.gate import comparable, known, mark, reference_of, sample_floor, threshold, told, told_apart, unjudged
from embtune_operator.judge.slices import measure_slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.promotion import Gate
    from embtune_api.verdict import Outcome
    from embtune_operator.judge.bootstrap import Bounds
    from embtune_operator.judge.gate import Exhibits
    from embtune_operator.judge.slices import Members


@dataclass(frozen=True)
class _Judged:
    """One slice that has enough queries."""

    ref: str
    score: float
    """The candidate's."""
    bounds: Bounds
    """Of the score, or of its difference."""


def judge_every_slice(gate: Gate, exhibits: Exhibits) -> GateResult:
    """What a gate on `name=*` says.

    - as `judge`: a metric that is missing or NaN, or without meaning in some draws: Inconclusive
    - some slice has an upper bound under the threshold: Rejected, it is proven; so many slices at once raise no false alarm
    - else some slice has fewer than 50 queries or 20 groups: Inconclusive
    - else Passed: no slice is proven to break the rule. Proof that none does would take an exam many times as large
    """
    reference, rival = reference_of(gate, exhibits)
    compared = comparable(gate.metric, exhibits, reference)
    if isinstance(compared, str):
        return unjudged(gate, compared)
    untouched = exhibits.base.needed(gate.metric)
    assert untouched is not None
    answerable, name = known(untouched), str(gate.slice).partition("=")[0]
    slices = [one.only(answerable) for one in exhibits.slices if one.name == name]
    if not slices:
        return unjudged(gate, f"no query of the exam is in a slice by {name}")
    small = [one for one in slices if sample_floor(compared[0].groups[one.inside])]
    large = [one for one in slices if one not in small]
    if not large:
        return unjudged(gate, _too_small(small))
    measured = measure_slices(gate.metric, compared, large)
    if not measured.is_defined:
        return unjudged(gate, "in some slice too few pairs are alike, or too few differ")
    bounds = zip(large, measured.values[:, 0], measured.bounds(gate.confidence), strict=True)
    judged = [_Judged(one.ref, float(score), found) for one, score, found in bounds]
    return _result(gate, judged, small, rival)


def _result(gate: Gate, judged: Sequence[_Judged], small: Sequence[Members], rival: str) -> GateResult:
    """The worst: that whose upper bound is the lowest where that proves something, else the lowest value."""
    wanted = threshold(gate)
    broken = [one for one in judged if one.bounds.upper < wanted]
    worst = min(broken, key=lambda one: one.bounds.upper) if broken else min(judged, key=lambda one: one.bounds.value)
    outcome: Outcome = "Rejected" if broken else "Inconclusive" if small else "Passed"
    return GateResult(
        metric=on_slice(gate.metric, worst.ref),
        outcome=outcome,
        line=_line(gate, outcome, worst, len(judged), len(broken), small, rival),
        value=worst.bounds.value,
        lower=worst.bounds.lower,
        upper=worst.bounds.upper,
        threshold=wanted,
        dry_run=gate.dry_run,
    )


def _line(gate: Gate, outcome: Outcome, worst: _Judged, judged: int, broken: int, small: Sequence[Members], rival: str) -> str:
    """`ndcg@10 of lang=zh 0.312: -0.083 over production v3, the worst of 2 slices, 95 % upper bound for all -0.041 < -0.020 ✗`"""
    sign = "+" if rival else ""
    difference = f": {worst.bounds.value:+.3f} over {rival}" if rival else ""
    score = f"{told(gate, worst.ref)} {worst.score:.3f}{difference}, the worst of {judged} slice{'s' * (judged != 1)}"
    upper, wanted = told_apart(worst.bounds.upper, threshold(gate), sign)
    confidence = f"{gate.confidence * 100:g} %"
    if outcome == "Rejected":
        others = f", {broken} in all" if broken > 1 else ""
        rule = f"{confidence} upper bound for all slices {upper} < {wanted}{others}"
    elif outcome == "Inconclusive":
        rule = _too_small(small)
    else:
        rule = f"{confidence} upper bound for all slices {upper} ≥ {wanted}: no slice is proven worse"
    return f"{score}, {rule} {mark(gate, outcome)}"


def _too_small(small: Sequence[Members]) -> str:
    first = small[0]
    others = f" and {len(small) - 1} more" if len(small) > 1 else ""
    return (
        f"{first.ref} ({int(first.inside.sum())} queries){others} under the floor of {MIN_QUERIES} queries and {MIN_GROUPS} "
        f"groups: name the slices that count in evaluation.slices[].values, or hold out more rows under a new spec.model"
    )
