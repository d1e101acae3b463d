"""What a report concludes: from how a candidate stands to plain sentences, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from embtune_api.reports import Finding
from embtune_api.training_record import TrainingFinding
from embtune_api.verdict import GateResult
from embtune_operator.judge.bootstrap import Bounds
from embtune_operator.report.conclusions import conclude
from embtune_operator.report.slices import Slice
from embtune_operator.report.standing import Match, Standing

MATCH = Match(
    metric="ndcg@10",
    rival="production v1",
    candidate=0.729,
    rival_score=0.700,
    difference=Bounds(0.029, 0.011, 0.047),
    detects=0.02,
    queries=500,
    groups=200,
    better=120,
    alike=330,
    worse=50,
)
GATE = GateResult(metric="test/ndcg@10", outcome="Passed", line="ndcg@10 0.729: +0.029 over production v1 ✓", threshold=0.0)
PASSED = Standing(
    name="shop v2",
    outcome="Passed",
    reason="1 of 1 gate passed",
    stage="Production",
    gates=[GATE],
    hints=[],
    match=MATCH,
    slices=[],
    dropped=0,
    findings=[],
    rows_used=1000,
    training=[],
    loss_fell=True,
    reindex=[],
    documents_stay=False,
    base_is_rival=False,
    reference="shop@2",
    options="--store s --namespace n",
)


def stands(stage: str, outcome: str, difference: tuple[float, float, float] | None = None, **changes: Any) -> Standing:
    match = replace(MATCH, difference=Bounds(*difference)) if difference else MATCH
    gate = GATE.model_copy(update={"outcome": outcome})
    return replace(PASSED, **{"stage": stage, "outcome": outcome, "match": match, "gates": [gate], **changes})


REJECTED = stands("Rejected", "Rejected", (-0.03, -0.05, -0.01))
OPEN = stands("Candidate", "Inconclusive", (0.008, -0.006, 0.022))
SENTENCES = {
    "promoted": (
        PASSED,
        "shop v2 passed its gates and is in production: ndcg@10 is 0.029 higher than that of production v1 (0.729 against "
        "0.700), with 95 % confidence at least 0.011 higher.",
    ),
    "rejected": (
        REJECTED,
        "shop v2 was rejected: ndcg@10 is 0.030 lower than that of production v1 (0.729 against 0.700), "
        "with 95 % confidence at least 0.010 lower.",
    ),
    "inconclusive": (
        OPEN,
        "shop v2 is not promoted, since the evidence does not decide: ndcg@10 is 0.008 higher than that of production v1 "
        "(0.729 against 0.700), which may be chance: the 95 % bounds are -0.006 to +0.022.",
    ),
    "equal": (
        stands("Candidate", "Inconclusive", (0.0, -0.01, 0.01)),
        "shop v2 is not promoted, since the evidence does not decide: ndcg@10 is equal to that of production v1 "
        "(0.729 against 0.700), with 95 % bounds -0.010 to +0.010.",
    ),
    "nothing judged": (
        replace(PASSED, outcome=None, stage=None, match=None, gates=[], reason="train failed: out of memory"),
        "shop v2 has no verdict: train failed: out of memory.",
    ),
    "forced": (
        stands("Production", "Rejected", (-0.03, -0.05, -0.01)),
        "shop v2 was rejected and is Production by somebody's decision",
    ),
}


@pytest.mark.parametrize(("standing", "sentence"), SENTENCES.values(), ids=SENTENCES.keys())
def test_the_verdict_is_one_sentence(standing: Standing, sentence: str) -> None:
    assert conclude(standing).sentence.startswith(sentence)


def a_slice(change: float, lower: float, upper: float) -> Slice:
    return Slice("short queries", 100, 40, 0.7 + change, 0.7, Bounds(change, lower, upper))


FINDING = Finding(check="conflicts", rows=40, action="kept", message="say other things of the same text")
SAFETY = {
    "all gates passed": (PASSED, "Yes", ""),
    "rejected": (REJECTED, "No", "It is worse than production v1 on ndcg@10, by 0.010 at least."),
    "inconclusive": (OPEN, "Not shown", "It may be worse than production v1 on ndcg@10, by 0.006 at most."),
    "rolled back": (stands("RolledBack", "Passed"), "No", ""),
    "a worse slice under a better average": (
        replace(PASSED, slices=[a_slice(-0.05, -0.08, -0.02)]),
        "With care",
        "It is worse on short queries: -0.050.",
    ),
    "a slice that may be worse": (replace(PASSED, slices=[a_slice(-0.01, -0.04, 0.02)]), "Yes", ""),
    "a gate that allows to be worse": (
        stands("Production", "Passed", (-0.005, -0.009, 0.001)),
        "With care",
        "It may be worse than production v1 on ndcg@10, by 0.009 at most.",
    ),
    "a small exam": (
        replace(PASSED, match=replace(MATCH, detects=0.08)),
        "With care",
        "The exam is small (500 queries in 200 groups)",
    ),
    "a finding in 4 of 100 rows": (
        replace(PASSED, findings=[FINDING]),
        "With care",
        "40 rows of the data say other things of the same text (conflicts).",
    ),
    "a finding in 4 of 1,000 rows": (replace(PASSED, findings=[FINDING.model_copy(update={"rows": 4})]), "Yes", ""),
    "a finding that was mended": (replace(PASSED, findings=[FINDING.model_copy(update={"action": "removed"})]), "Yes", ""),
    "a training that overfits": (
        replace(PASSED, training=[TrainingFinding(check="overfit", message="the validation loss rises")]),
        "With care",
        "Training: the validation loss rises",
    ),
    "vectors of another kind": (
        replace(PASSED, reindex=["dimension 384 → 512"]),
        "With care",
        "Vectors of production v1 do not fit it (dimension 384 → 512): build the index anew",
    ),
    "an exam that is worn": (
        replace(PASSED, hints=["20 candidates have been judged on this exam"]),
        "With care",
        "20 candidates have been judged on this exam.",
    ),
    "exam queries that were seen": (replace(PASSED, dropped=3), "With care", "3 exam queries were left out"),
}


@pytest.mark.parametrize(("standing", "word", "caution"), SAFETY.values(), ids=SAFETY.keys())
def test_whether_it_is_safe(standing: Standing, word: str, caution: str) -> None:
    safety = conclude(standing).safety
    assert safety.word == word
    assert caution in " ".join(safety.cautions)
    assert bool(caution) == bool(safety.cautions)


STEPS = {
    "in production: serve and watch": (
        PASSED,
        ["Embed your documents anew", "Serve it", "go back to production v1, and to its index"],
        "embtune rollback shop --reason '…' --store s --namespace n",
    ),
    "documents keep their vectors": (replace(PASSED, documents_stay=True), ["Keep your index", "Serve it", "Watch it"], ""),
    "passed, and nobody has promoted it": (stands("Candidate", "Passed"), ["then promote it"], "embtune promote shop@2 --reason"),
    "rejected, the loss fell": (REJECTED, ["Do not promote it", "half of training.learningRate"], ""),
    "rejected, though it is better": (
        stands("Rejected", "Rejected"),
        ["It is better than production v1, but not by as much as a gate asks for (ndcg@10 0.729: +0.029"],
        "",
    ),
    "undecided by a small exam": (
        OPEN,
        [
            "This exam tells differences above 0.020; the measured one is +0.008. About 1,250 groups of queries would tell it "
            "(now 200)"
        ],
        "",
    ),
    "undecided, and alike": (stands("Candidate", "Inconclusive", (0.0, -0.01, 0.01)), ["It is too much like production v1"], ""),
    "undecided under the floor": (
        stands(
            "Candidate",
            "Inconclusive",
            gates=[GATE.model_copy(update={"outcome": "Inconclusive", "line": "under the floor of 50"})],
        ),
        ["Do what the gate's line above says"],
        "",
    ),
    "the exam was seen": (stands("Candidate", "Inconclusive", reason="SawExam: 9 of 90"), ["trained on a part of the exam"], ""),
    "no gates": (stands("Candidate", "Inconclusive", gates=[]), ["It has no gates"], "embtune promote shop@2"),
    "a slice lost": (
        replace(PASSED, slices=[a_slice(-0.05, -0.08, -0.02)]),
        ["Add training rows like the slice that lost most"],
        "",
    ),
    "the loss did not fall": (replace(REJECTED, loss_fell=False), ["The training loss did not fall"], ""),
    "rolled back": (stands("RolledBack", "Passed"), ["Read why it was taken back."], "embtune history shop"),
    "failed": (replace(PASSED, outcome=None), ["run the job again"], ""),
}


@pytest.mark.parametrize(("standing", "texts", "command"), STEPS.values(), ids=STEPS.keys())
def test_what_to_do_next(standing: Standing, texts: list[str], command: str) -> None:
    steps = conclude(standing).steps
    told = " ".join(step.text for step in steps)
    assert [text for text in texts if text not in told] == []
    assert command in " ".join(step.command for step in steps)


def test_who_won_is_decided_by_bounds_alone() -> None:
    assert conclude(PASSED).won.startswith("shop v2 won: ndcg@10 is 0.029 higher")
    assert conclude(REJECTED).won.startswith("Production v1 won: the candidate's ndcg@10 is 0.030 lower")
    assert conclude(OPEN).won.startswith("Neither is shown to be better")


def test_the_worst_slice_is_one_that_can_be_judged() -> None:
    tiny = Slice("rare queries", 3, 2, 0.1, 0.9, None)
    told = conclude(replace(PASSED, slices=[tiny, a_slice(0.01, -0.01, 0.03)])).worst
    assert told == "Short queries: +0.010 (0.700 → 0.710, 100 of them, bounds -0.010 to +0.030). No difference is shown."
    assert "too few to judge by). Too few to tell." in conclude(replace(PASSED, slices=[tiny])).worst


def test_a_dry_run_decides_nothing() -> None:
    dry = GATE.model_copy(update={"outcome": "Rejected", "line": "latency ✗ (dry run)", "dry_run": True})
    why = conclude(replace(PASSED, gates=[GATE, dry])).why
    assert why == ("1 of 1 gate passed:", GATE.line)
