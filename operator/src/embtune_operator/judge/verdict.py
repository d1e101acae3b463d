"""The verdict over all gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.cost import is_cost
from embtune_api.metrics import is_compressed, split_metric, suite_of
from embtune_api.verdict import GateResult, Verdict
from embtune_operator.judge.cost import judge_cost
from embtune_operator.judge.gate import judge, unjudged
from embtune_operator.judge.power import POWER
from embtune_operator.judge.worst import judge_every_slice

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from embtune_api.promotion import Gate
    from embtune_operator.judge.cost import CostExhibits
    from embtune_operator.judge.gate import Exhibits

MAX_SEEN = 0.01
"""Share of the exam that a compared model may have trained on; more, and the rest is no longer the same exam."""


MOST_LOOKS = 20
"""Candidates that one exam judges: the more there are, the likelier the best of them is the luckiest."""


def make_verdict(gates: Sequence[Gate], exhibits: Exhibits, dropped: int, looks: int = 1) -> Verdict:
    """The verdict on one suite: see `judge_suites`.

    Args:
        exhibits: scores of the queries that remain.
        dropped: exam queries left out, since a compared model has trained on them.
        looks: distinct candidates that the exam has judged, this one among them.
    """
    suites = {suite_of(gate.metric): (exhibits, dropped) for gate in gates}
    return judge_suites(gates, suites, looks)


def judge_suites(
    gates: Sequence[Gate], suites: Mapping[str, tuple[Exhibits, int]], looks: int = 1, cost: CostExhibits | None = None
) -> Verdict:
    """Passed when every gate passed, Rejected when one was, else Inconclusive; gates that are dry runs do not count.

    Args:
        suites: by name, the scores of the queries that remain, and how many were left out since a compared model has trained on
            them. A gate on a suite of whose exam too much was left out is Inconclusive.
        looks: as in `make_verdict`.
        cost: of the compared models; None: it was not measured.
    """
    seen = {name: _seen(*suite) for name, suite in suites.items()}
    results = [judge_cost(gate, cost) if is_cost(gate.metric) else _judged(gate, suites, seen) for gate in gates]
    hints = _hints(results, looks)
    deciding = [gate for gate in gates if not gate.dry_run]
    if not deciding:
        reason = f"{'every gate is a dry run' if gates else 'no gates'}: nothing is promoted automatically"
        return Verdict(outcome="Inconclusive", reason=reason, gates=results, hints=hints)
    told = next((told for gate in deciding if (told := seen.get(suite_of(gate.metric)))), None)
    verdict = _summary(results)
    if told is None or verdict.outcome == "Rejected":
        return verdict.model_copy(update={"hints": hints})
    return Verdict(outcome="Inconclusive", reason=f"{told}; the limit is {MAX_SEEN:.0%}", gates=results, hints=hints)


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


def _seen(exhibits: Exhibits, dropped: int) -> str | None:
    """What is said where too much of an exam was trained on."""
    total = len(exhibits.candidate.groups) + dropped
    if dropped <= MAX_SEEN * total:
        return None
    return f"SawExam: {dropped} of {total} exam queries ({dropped / total:.1%}) were trained on by a compared model"


def _judged(gate: Gate, suites: Mapping[str, tuple[Exhibits, int]], seen: Mapping[str, str | None]) -> GateResult:
    """With the suite's name in its line, where there are several."""
    name = suite_of(gate.metric)
    told, as_asked = seen[name], judge_every_slice if gate.of_every_slice else judge
    result = unjudged(gate, told) if told else as_asked(gate, suites[name][0])
    named = is_compressed(gate.metric) or len({one.partition("@")[0] for one in suites}) == 1
    return result if named else result.model_copy(update={"line": f"{name}/{result.line}"})


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
