"""Bounds that hold for all slices at once, and gates that ask for each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from embtune_api.documents.evaluate import EvaluateFacts
from embtune_api.keys import LineKeys
from embtune_api.slices import SliceMembers, SliceTable
from embtune_api.verdict import GateResult
from embtune_operator.judge.gate import Exhibits
from embtune_operator.judge.ruling import rule
from embtune_operator.judge.scores import Scores
from embtune_operator.judge.slices import Members, measure_slices, members_of
from embtune_operator.judge.verdict import make_verdict
from embtune_store import documents, open_store
from factories import METRIC, a_file, a_gate, asked, keep_scores, noise, scores

EVERY: dict[str, Any] = {"minDelta": -0.02, "against": "Production", "slice": "lang=*"}


def parts(sizes: dict[str, int]) -> tuple[Members, ...]:
    """Neighbouring queries."""
    total, start, found = sum(sizes.values()), 0, []
    for value, size in sizes.items():
        inside = np.zeros(total, dtype=np.bool_)
        inside[start : start + size] = True
        found.append(Members("lang", value, inside))
        start += size
    return tuple(found)


def exhibits(sizes: dict[str, int], changes: dict[str, float]) -> Exhibits:
    """A candidate that differs from the champion by so much in each slice, with noise of its own."""
    slices, total = parts(sizes), sum(sizes.values())
    champion = noise(0.5, total)
    change = sum((one.inside * changes.get(one.value, 0.0) for one in slices), np.zeros(total))
    candidate = champion + change + noise(0.0, total, spread=0.05, seed=1)
    return Exhibits(scores(candidate), scores(champion), scores(champion), 3, slices)


def judged(shown: Exhibits, **rule: Any) -> GateResult:
    return make_verdict([a_gate(**{**EVERY, **rule})], shown, 0).gates[0]


def test_harm_in_one_slice_is_caught_under_a_better_average() -> None:
    shown = exhibits({"de": 500, "fr": 400, "zh": 100}, {"de": 0.05, "fr": 0.04, "zh": -0.06})
    average = judged(shown, slice=None, minDelta=0.0)
    result = judged(shown)
    assert (average.outcome, result.outcome) == ("Passed", "Rejected")
    assert result.metric == "test[lang=zh]/ndcg@10"
    assert result.value == pytest.approx(-0.06, abs=0.01)
    assert result.line.startswith("ndcg@10 of lang=zh 0.4")
    assert "over production v3, the worst of 3 slices, 95 % upper bound for all slices -0.0" in result.line
    assert result.line.endswith("< -0.020 ✗")


def test_no_proven_harm_passes_and_names_the_worst() -> None:
    result = judged(exhibits({"de": 500, "zh": 100}, {"de": 0.05, "zh": -0.01}))
    assert (result.outcome, result.metric) == ("Passed", "test[lang=zh]/ndcg@10")
    assert result.line.endswith("≥ -0.020: no slice is proven worse ✓")


def test_a_slice_under_the_floor_is_inconclusive_but_never_hides_harm_in_another() -> None:
    sizes = {"de": 500, "zh": 100, "fi": 12, "is": 4}
    result = judged(exhibits(sizes, {}))
    assert result.outcome == "Inconclusive"
    assert "fi=" not in result.line
    assert "lang=fi (12 queries) and 1 more under the floor of 50 queries and 20 groups" in result.line
    assert "evaluation.slices[].values" in result.line
    assert judged(exhibits(sizes, {"zh": -0.1})).outcome == "Rejected"
    only_small = judged(exhibits({"fi": 12, "is": 30}, {"fi": -0.4}))
    assert (only_small.outcome, only_small.metric) == ("Inconclusive", "test[lang=*]/ndcg@10")


def test_one_slice_is_judged_as_an_exam_of_its_own() -> None:
    shown = exhibits({"de": 500, "zh": 100}, {"de": 0.05, "zh": -0.06})
    german, chinese, finnish = (judged(shown, slice=f"lang={value}") for value in ("de", "zh", "fi"))
    assert (german.outcome, chinese.outcome, finnish.outcome) == ("Passed", "Rejected", "Inconclusive")
    assert german.metric == "test[lang=de]/ndcg@10"
    assert finnish.line == "ndcg@10 of lang=fi: not judged, no query of the exam is in that slice ?"
    assert german.value is not None
    assert german.lower is not None
    assert german.lower < german.value


def test_a_slice_that_nobody_is_in_is_inconclusive() -> None:
    assert judged(exhibits({"de": 200}, {}), slice="region=*").outcome == "Inconclusive"


def test_bounds_hold_for_all_slices_at_once() -> None:
    """In how many of 80 exams where nothing differs some slice is told to be worse: bounds of each slice alone would say so in
    about 1 - 0.95^12 of them."""
    generator, slices = np.random.default_rng(3), parts({f"s{number}": 30 for number in range(12)})
    alarms = alone = 0
    for _ in range(80):
        one, other = (scores(generator.normal(0.5, 0.1, 360), per_group=1) for _ in range(2))
        measured = measure_slices(METRIC, [one, other], slices)
        alarms += any(bounds.upper < 0 for bounds in measured.bounds(0.95))
        differences = measured.draws[:, :, 0] - measured.draws[:, :, 1]
        alone += bool((np.quantile(differences, 0.95, axis=0) < 0).any())
    assert alarms / 80 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 80)
    assert alone / 80 > 0.3


def test_slices_that_move_together_cost_less_than_bonferroni() -> None:
    one, other = scores(noise(0.5, 600)), scores(noise(0.5, 600, seed=5))
    inside = np.ones(600, dtype=np.bool_)
    same = [Members("lang", str(number), inside) for number in range(12)]
    twelve, single = (measure_slices(METRIC, [one, other], slices).bounds(0.95) for slices in (same, same[:1]))
    assert [bounds.upper for bounds in twelve] == pytest.approx([single[0].upper] * 12)
    apart = measure_slices(METRIC, [one, other], parts({str(number): 50 for number in range(12)})).bounds(0.95)
    assert apart[0].upper - apart[0].value > 2 * (single[0].upper - single[0].value)


def test_slices_of_pairs_are_statistics_of_their_pairs() -> None:
    generator = np.random.default_rng(0)
    gold = generator.uniform(0, 5, 240)
    values = np.column_stack([gold + generator.normal(0, 1, 240), gold])
    pairs = Scores(("test/similarity", "test/score"), values, np.arange(240, dtype=np.int64))
    slices = parts({"a": 120, "b": 120})
    found = measure_slices("test/pearson", [pairs], slices)
    expected = [np.asarray(np.corrcoef(values[one.inside].T))[0, 1] for one in slices]
    assert found.values[:, 0] == pytest.approx(expected)
    assert all(bounds.lower < bounds.value < bounds.upper for bounds in found.bounds(0.95))


def test_models_that_agree_everywhere_have_bounds_of_no_width() -> None:
    same = scores(noise(0.5, 200))
    (bounds,) = measure_slices(METRIC, [same, same], parts({"de": 200})).bounds(0.95)
    assert (bounds.value, bounds.lower, bounds.upper) == (0, 0, 0)


def test_dropped_queries_are_in_no_slice() -> None:
    table = SliceTable(slices=[SliceMembers(name="lang", value="de", queries=[0, 2, 3])])
    (members,) = members_of(table, 5, dropped=[2])
    assert members.inside.tolist() == [True, False, True, False]


def test_a_dry_run_is_told_and_decides_nothing() -> None:
    shown = exhibits({"de": 500, "zh": 100}, {"de": 0.05, "zh": -0.06})
    passing = a_gate(minDelta=0.0, against="Production")
    verdict = make_verdict([passing, a_gate(**EVERY, dryRun=True)], shown, 0)
    assert (verdict.outcome, verdict.reason) == ("Passed", "1 of 1 gate passed")
    assert (verdict.gates[1].outcome, verdict.gates[1].dry_run) == ("Rejected", True)
    assert verdict.gates[1].line.endswith("✗ (dry run)")
    alone = make_verdict([a_gate(**EVERY, dryRun=True)], shown, 0)
    assert (alone.outcome, alone.reason) == ("Inconclusive", "every gate is a dry run: nothing is promoted automatically")


def test_the_verdict_says_what_the_exam_can_tell_and_how_often_it_was_asked() -> None:
    shown = exhibits({"de": 500, "zh": 100}, {"de": 0.05})
    gate = a_gate(minDelta=0.0, against="Production")
    once, often = (make_verdict([gate], shown, 0, looks) for looks in (19, 20))
    detects = once.gates[0].detects
    assert detects is not None
    assert once.hints == [f"this exam detects differences above {detects:.3f} in ndcg@10, 80% of the time"]
    assert often.outcome == once.outcome
    assert "20 candidates have been judged on this exam" in often.hints[1]


def test_a_verdict_with_changed_gates_reads_scores_alone() -> None:
    """How long it takes is measured by `make bench-encoding`."""
    store, queries = open_store("memory://"), 800
    exam = LineKeys("team", "line").exam("e" * 64)
    kept = {
        role: keep_scores(store, exam.results(role * 8, "s" * 64), scores(noise(mean, queries, spread=0.3, seed=seed)))
        for seed, (role, mean) in enumerate({"candidate": 0.6, "base": 0.5, "champion": 0.58}.items())
    }
    languages = {value: list(range(start, queries, 8)) for start, value in enumerate("abcdefgh")}
    table = SliceTable(slices=[SliceMembers(name="lang", value=value, queries=inside) for value, inside in languages.items()])
    data = documents.as_json(table)
    store.put("slices.json", data)
    facts = EvaluateFacts.model_validate({"scores": {"test": kept}, "slices": a_file("slices.json", data)})
    suites = [asked("e" * 64, queries)]
    there = {stored.key for stored in store.list("")}
    gates = [
        a_gate(min=0.5),
        a_gate(minDelta=0.05, against="Base"),
        a_gate(minDelta=-0.01, against="Production"),
        a_gate(**EVERY),
        *(a_gate(minDelta=-0.05, against="Production", slice=f"lang={value}") for value in "abcd"),
    ]
    verdict = rule(gates, facts, "e" * 64, suites, 3, store).verdict
    assert [result.outcome for result in verdict.gates[:4]] == ["Passed"] * 4
    assert {stored.key for stored in store.list("")} == there
