"""The verdict over all gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.verdict import GateResult, Verdict
from embtune_operator.judge.gate import Exhibits, judge, unjudged
from embtune_operator.judge.scores import load_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.documents import EvaluateFacts
    from embtune_api.promotion import Gate
    from embtune_store.protocol import Store

MAX_SEEN = 0.01
"""Share of the exam that a compared model may have trained on; more, and the rest is no longer the same exam."""


def make_verdict(gates: Sequence[Gate], exhibits: Exhibits, dropped: int) -> Verdict:
    """Passed when every gate passed, Rejected when one was, else Inconclusive.

    Args:
        exhibits: scores of the queries that remain.
        dropped: exam queries left out, since a compared model has trained on them.
    """
    if not gates:
        return Verdict(outcome="Inconclusive", reason="no gates: nothing is promoted automatically")
    total = len(exhibits.candidate.groups) + dropped
    if dropped > MAX_SEEN * total:
        seen = f"SawExam: {dropped} of {total} exam queries ({dropped / total:.1%}) were trained on by a compared model"
        results = [unjudged(gate, seen) for gate in gates]
        return Verdict(outcome="Inconclusive", reason=f"{seen}; the limit is {MAX_SEEN:.0%}", gates=results)
    return _summary([judge(gate, exhibits) for gate in gates])


def judge_evaluation(
    gates: Sequence[Gate], facts: EvaluateFacts, dropped: Sequence[int], champion_version: int | None, store: Store
) -> Verdict:
    """The verdict on what `evaluate` stored.

    Args:
        dropped: indices, in the exam's order, of the queries to leave out.

    Raises:
        Tampered: an evaluation's scores have been deleted, or are not what it wrote.
    """
    scores = {role: load_scores(store, file).without(dropped) for role, file in facts.scores.items()}
    exhibits = Exhibits(scores["candidate"], scores["base"], scores.get("champion"), champion_version)
    return make_verdict(gates, exhibits, len(dropped))


def _summary(results: list[GateResult]) -> Verdict:
    rejected = [result for result in results if result.outcome == "Rejected"]
    open_ones = [result for result in results if result.outcome == "Inconclusive"]
    of = f"of {len(results)} gate{'s' * (len(results) != 1)}"
    if rejected:
        return Verdict(outcome="Rejected", reason=f"{len(rejected)} {of} rejected: {rejected[0].line}", gates=results)
    if open_ones:
        return Verdict(outcome="Inconclusive", reason=f"{len(open_ones)} {of} inconclusive: {open_ones[0].line}", gates=results)
    return Verdict(outcome="Passed", reason=f"{len(results)} {of} passed", gates=results)
