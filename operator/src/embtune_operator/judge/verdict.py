"""The verdict over all gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.metrics import suite_of
from embtune_api.verdict import GateResult, Verdict
from embtune_operator.judge.gate import Exhibits, judge, unjudged
from embtune_operator.judge.scores import load_scores

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embtune_api.documents import AskedSuite, EvaluateFacts
    from embtune_api.promotion import Gate
    from embtune_store.protocol import Store

MAX_SEEN = 0.01
"""Share of the exam that a compared model may have trained on; more, and the rest is no longer the same exam."""


def make_verdict(gates: Sequence[Gate], exhibits: Exhibits, dropped: int) -> Verdict:
    """The verdict on one suite: see `judge_suites`.

    Args:
        exhibits: scores of the queries that remain.
        dropped: exam queries left out, since a compared model has trained on them.
    """
    suites = {suite_of(gate.metric): (exhibits, dropped) for gate in gates}
    return judge_suites(gates, suites)


def judge_suites(gates: Sequence[Gate], suites: Mapping[str, tuple[Exhibits, int]]) -> Verdict:
    """Passed when every gate passed, Rejected when one was, else Inconclusive.

    Args:
        suites: by name, the scores of the queries that remain, and how many were left out since a compared model has trained on
            them. A gate on a suite of whose exam too much was left out is Inconclusive.
    """
    if not gates:
        return Verdict(outcome="Inconclusive", reason="no gates: nothing is promoted automatically")
    seen = {name: _seen(*suite) for name, suite in suites.items()}
    results = [_judged(gate, suites, seen) for gate in gates]
    told = next((told for gate in gates if (told := seen.get(suite_of(gate.metric)))), None)
    if told is None or any(result.outcome == "Rejected" for result in results):
        return _summary(results)
    return Verdict(outcome="Inconclusive", reason=f"{told}; the limit is {MAX_SEEN:.0%}", gates=results)


def judge_evaluation(
    gates: Sequence[Gate], facts: EvaluateFacts, asked: Sequence[AskedSuite], champion_version: int | None, store: Store
) -> Verdict:
    """The verdict on what `evaluate` stored.

    Args:
        asked: what each suite asked, and which queries are to be left out.

    Raises:
        Tampered: an evaluation's scores have been deleted, or are not what it wrote.
    """
    gated = {suite_of(gate.metric) for gate in gates}
    suites = {}
    for suite in asked:
        if suite.name in gated:
            scores = {role: load_scores(store, file).without(suite.dropped) for role, file in facts.scores[suite.name].items()}
            exhibits = Exhibits(scores["candidate"], scores["base"], scores.get("champion"), champion_version)
            suites[suite.name] = exhibits, len(suite.dropped)
    return judge_suites(gates, suites)


def _seen(exhibits: Exhibits, dropped: int) -> str | None:
    """What is said where too much of an exam was trained on."""
    total = len(exhibits.candidate.groups) + dropped
    if dropped <= MAX_SEEN * total:
        return None
    return f"SawExam: {dropped} of {total} exam queries ({dropped / total:.1%}) were trained on by a compared model"


def _judged(gate: Gate, suites: Mapping[str, tuple[Exhibits, int]], seen: Mapping[str, str | None]) -> GateResult:
    """With the suite's name in its line, where there are several."""
    name = suite_of(gate.metric)
    told = seen[name]
    result = unjudged(gate, told) if told else judge(gate, suites[name][0])
    return result.model_copy(update={"line": f"{name}/{result.line}"}) if len(suites) > 1 else result


def _summary(results: list[GateResult]) -> Verdict:
    rejected = [result for result in results if result.outcome == "Rejected"]
    open_ones = [result for result in results if result.outcome == "Inconclusive"]
    of = f"of {len(results)} gate{'s' * (len(results) != 1)}"
    if rejected:
        return Verdict(outcome="Rejected", reason=f"{len(rejected)} {of} rejected: {rejected[0].line}", gates=results)
    if open_ones:
        return Verdict(outcome="Inconclusive", reason=f"{len(open_ones)} {of} inconclusive: {open_ones[0].line}", gates=results)
    return Verdict(outcome="Passed", reason=f"{len(results)} {of} passed", gates=results)
