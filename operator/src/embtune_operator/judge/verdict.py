"""The verdict over all gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.metrics import split_metric
from embtune_api.slices import SliceTable
from embtune_api.verdict import GateResult, Verdict
from embtune_operator.judge.bootstrap import forget_draws
from embtune_operator.judge.gate import Exhibits, judge, unjudged
from embtune_operator.judge.power import POWER
from embtune_operator.judge.scores import load_scores
from embtune_operator.judge.slices import members_of
from embtune_operator.judge.worst import judge_every_slice
from embtune_store.folders import read_verified

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.documents import EvaluateFacts
    from embtune_api.promotion import Gate
    from embtune_operator.judge.slices import Members
    from embtune_store.protocol import Store

MAX_SEEN = 0.01
"""Share of the exam that a compared model may have trained on; more, and the rest is no longer the same exam."""


MOST_LOOKS = 20
"""Candidates that one exam judges: the more there are, the likelier the best of them is the luckiest."""


def make_verdict(gates: Sequence[Gate], exhibits: Exhibits, dropped: int, looks: int = 1) -> Verdict:
    """Passed when every gate passed, Rejected when one was, else Inconclusive.

    Args:
        exhibits: scores of the queries that remain.
        dropped: exam queries left out, since a compared model has trained on them.
        looks: distinct candidates that the exam has judged, this one among them.
    """
    if not any(not gate.dry_run for gate in gates):
        what = "no gates" if not gates else "every gate is a dry run"
        results = [_judged(gate, exhibits) for gate in gates]
        reason = f"{what}: nothing is promoted automatically"
        return Verdict(outcome="Inconclusive", reason=reason, gates=results, hints=_hints(results, looks))
    total = len(exhibits.candidate.groups) + dropped
    if dropped > MAX_SEEN * total:
        seen = f"SawExam: {dropped} of {total} exam queries ({dropped / total:.1%}) were trained on by a compared model"
        results = [unjudged(gate, seen) for gate in gates]
        return Verdict(outcome="Inconclusive", reason=f"{seen}; the limit is {MAX_SEEN:.0%}", gates=results)
    results = [_judged(gate, exhibits) for gate in gates]
    return _summary(results).model_copy(update={"hints": _hints(results, looks)})


def judge_evaluation(
    gates: Sequence[Gate],
    facts: EvaluateFacts,
    dropped: Sequence[int],
    champion_version: int | None,
    store: Store,
    looks: int = 1,
) -> Verdict:
    """The verdict on what `evaluate` stored.

    Args:
        dropped: indices, in the exam's order, of the queries to leave out.
        looks: as in `make_verdict`.

    Raises:
        Tampered: an evaluation's scores, or its slices, have been deleted, or are not what it wrote.
    """
    scores = {role: load_scores(store, file).without(dropped) for role, file in facts.scores.items()}
    slices: tuple[Members, ...] = ()
    if facts.slices:
        table = SliceTable.model_validate_json(read_verified(store, facts.slices))
        slices = tuple(members_of(table, facts.queries, dropped))
    exhibits = Exhibits(scores["candidate"], scores["base"], scores.get("champion"), champion_version, slices)
    try:
        return make_verdict(gates, exhibits, len(dropped), looks)
    finally:
        forget_draws()


def _judged(gate: Gate, exhibits: Exhibits) -> GateResult:
    return judge_every_slice(gate, exhibits) if gate.of_every_slice else judge(gate, exhibits)


def _hints(results: Sequence[GateResult], looks: int) -> list[str]:
    """What the first gate that was judged can tell at all; and that the exam is worn."""
    told = next((result for result in results if result.detects is not None), None)
    hints = []
    if told is not None:
        metric = split_metric(told.metric)[1] if "[" not in told.metric else told.metric
        hints.append(f"this exam detects differences above {told.detects:.3f} in {metric}, {POWER:.0%} of the time")
    if looks >= MOST_LOOKS:
        hints.append(
            f"{looks} candidates have been judged on this exam: the best of so many is partly the luckiest. Freeze a fresh exam "
            f"under a new spec.model"
        )
    return hints


def _summary(results: list[GateResult]) -> Verdict:
    deciding = [result for result in results if not result.dry_run]
    rejected = [result for result in deciding if result.outcome == "Rejected"]
    open_ones = [result for result in deciding if result.outcome == "Inconclusive"]
    of = f"of {len(deciding)} gate{'s' * (len(deciding) != 1)}"
    if rejected:
        return Verdict(outcome="Rejected", reason=f"{len(rejected)} {of} rejected: {rejected[0].line}", gates=results)
    if open_ones:
        return Verdict(outcome="Inconclusive", reason=f"{len(open_ones)} {of} inconclusive: {open_ones[0].line}", gates=results)
    return Verdict(outcome="Passed", reason=f"{len(deciding)} {of} passed", gates=results)
