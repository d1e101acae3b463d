"""Gates on what a model costs: bounds over rounds, exact sizes, and a line that says what was compared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from embtune_api.compression import Compression
from embtune_api.documents.cost import CostTable, RoleCost, Round
from embtune_api.documents.evaluate import AskedSuite, EvaluateFacts
from embtune_api.evaluation import Suite
from embtune_api.keys import LineKeys
from embtune_api.promotion import Gate
from embtune_operator.judge.bootstrap import Bounds
from embtune_operator.judge.cost import CostExhibits, judge_cost
from embtune_operator.judge.gate import Exhibits
from embtune_operator.judge.ruling import rule
from embtune_operator.judge.verdict import judge_suites
from embtune_operator.report.tables import score_rows
from embtune_operator.view.score_table import Role, headline_metrics
from embtune_store import documents, open_store
from factories import a_file, a_gate, keep_scores, noise, scores

SHAPE = np.array([0.99, 1.02, 1.0, 0.98, 1.01, 1.0, 1.03, 0.97, 1.0, 1.01, 0.99])
"""Of the rounds: how each differs from the usual one."""


def a_cost(milliseconds: float, size: int = 90_900_000, dimension: int = 384, shape: np.ndarray[Any, Any] = SHAPE) -> RoleCost:
    rounds = [
        Round(query_p50_ms=0.9 * milliseconds * s, query_p95_ms=milliseconds * s, documents_per_second=1e4 / (milliseconds * s))
        for s in shape
    ]
    return RoleCost(size=size, dimension=dimension, rounds=rounds)


def exhibits(candidate: RoleCost, champion: RoleCost | None = None) -> CostExhibits:
    """The base takes 10 ms a query."""
    roles = {"base": a_cost(10.0), "candidate": candidate, **({"champion": champion} if champion else {})}
    return CostExhibits(CostTable(machine="a CPU", roles=roles), 3 if champion else None)


def on(metric: str, **rule: Any) -> Gate:
    return Gate.model_validate({"metric": f"cost/{metric}", **rule})


@pytest.mark.parametrize(
    ("gate", "shown", "outcome", "line"),
    [
        pytest.param(
            on("query-p95-ms", max=15),
            exhibits(a_cost(12.0)),
            "Passed",
            "cost/query-p95-ms 12.0 ms, 95 % bound 12.1 ≤ 15.0 ms ✓",
            id="a ceiling over the upper bound passes",
        ),
        pytest.param(
            on("query-p95-ms", max=11),
            exhibits(a_cost(12.0)),
            "Rejected",
            "cost/query-p95-ms 12.0 ms, 95 % lower bound 11.9 > 11.0 ms ✗",
            id="a ceiling under the lower bound rejects",
        ),
        pytest.param(
            on("query-p95-ms", max=12.0),
            exhibits(a_cost(12.0)),
            "Inconclusive",
            "cost/query-p95-ms 12.0 ms, 95 % bound 12.1 > 12.0 ms (lower bound 11.9 ms) ?",
            id="a ceiling between the bounds decides nothing",
        ),
        pytest.param(
            on("documents-per-second", min=700),
            exhibits(a_cost(12.0)),
            "Passed",
            "cost/documents-per-second 833.3/s, 95 % bound 825.1 ≥ 700.0/s ✓",
            id="a floor of throughput",
        ),
        pytest.param(
            on("query-p95-ms", minDelta=-0.1, against="Production"),
            exhibits(a_cost(12.0), champion=a_cost(11.9)),
            "Passed",
            "cost/query-p95-ms 12.0 ms: 0.8 % slower than production v3, 95 % bound -0.8 ≥ -10.0 % ✓",
            id="a little slower passes",
        ),
        pytest.param(
            on("query-p95-ms", minDelta=-0.1, against="Production"),
            exhibits(a_cost(12.0), champion=a_cost(10.0)),
            "Rejected",
            "cost/query-p95-ms 12.0 ms: 20.0 % slower than production v3, 95 % upper bound -20.0 < -10.0 % ✗",
            id="a fifth slower is rejected",
        ),
        pytest.param(
            on("documents-per-second", minDelta=0.1, against="Base"),
            exhibits(a_cost(8.0)),
            "Passed",
            "cost/documents-per-second 1,250/s: 25.0 % faster than base, 95 % bound +25.0 ≥ 10.0 % ✓",
            id="more documents are better",
        ),
        pytest.param(
            on("query-p95-ms", minDelta=0.0, against="Production"),
            exhibits(a_cost(8.0)),
            "Passed",
            "cost/query-p95-ms 8.00 ms: 20.0 % faster than base (nothing is in production), 95 % bound +20.0 ≥ 0.0 % ✓",
            id="with no champion the base stands in",
        ),
        pytest.param(
            on("model-mb", max=100),
            exhibits(a_cost(10.0)),
            "Passed",
            "cost/model-mb 90.9 MB, 90.9 ≤ 100.0 MB ✓",
            id="a size is exact",
        ),
        pytest.param(
            on("model-mb", minDelta=-0.5, against="Production"),
            exhibits(a_cost(10.0, size=438_000_000), champion=a_cost(10.0)),
            "Rejected",
            "cost/model-mb 438.0 MB: 381.8 % larger than production v3, -381.8 < -50.0 % ✗",
            id="a size that grew is rejected",
        ),
        pytest.param(
            on("dimension", max=384, dryRun=True),
            exhibits(a_cost(10.0, dimension=768)),
            "Rejected",
            "cost/dimension 768, 768 > 384 ✗ (dry run)",
            id="a dimension, as a dry run",
        ),
        pytest.param(
            on("query-p95-ms", max=15),
            exhibits(RoleCost(size=1, dimension=8)),
            "Inconclusive",
            "cost/query-p95-ms: not judged, it was not measured ?",
            id="times that nobody took",
        ),
        pytest.param(
            on("model-mb", max=15),
            None,
            "Inconclusive",
            "cost/model-mb: not judged, it was not measured ?",
            id="nothing measured",
        ),
    ],
)
def test_outcome_and_line(gate: Gate, shown: CostExhibits | None, outcome: str, line: str) -> None:
    result = judge_cost(gate, shown)
    assert (result.outcome, result.line) == (outcome, line)


def test_one_round_in_which_somebody_else_worked_moves_no_bound_far() -> None:
    shape = SHAPE.copy()
    shape[4] = 9.0
    result = judge_cost(on("query-p95-ms", minDelta=-0.1, against="Base"), exhibits(a_cost(10.0, shape=shape)))
    assert result.outcome == "Passed", result.line


def test_a_model_as_slow_as_the_gate_allows_seldom_passes_by_luck() -> None:
    """Rounds that scatter by a tenth, and a gate at the true median: one-sided bounds at 0.95 let few through."""
    generator = np.random.default_rng(5)
    shapes = generator.lognormal(0.0, 0.1, size=(150, 11))
    passed = [judge_cost(on("query-p95-ms", max=10.0), exhibits(a_cost(10.0, shape=shape))).outcome for shape in shapes]
    assert passed.count("Passed") <= 0.11 * len(shapes)
    assert passed.count("Rejected") <= 0.11 * len(shapes)


def test_cost_decides_beside_quality_unless_it_is_a_dry_run() -> None:
    better = Exhibits(scores(noise(0.6)), scores(noise(0.5)), None)
    gates = [a_gate(minDelta=0.0, against="Base"), on("model-mb", max=50)]
    shown = exhibits(a_cost(10.0))
    verdict = judge_suites(gates, {"test": (better, 0)}, cost=shown)
    assert verdict.outcome == "Rejected"
    assert verdict.reason == "1 of 2 gates rejected: cost/model-mb 90.9 MB, 90.9 > 50.0 MB ✗"
    assert verdict.gates[0].line.startswith("ndcg@10"), "one suite needs no name"
    gates[1] = on("model-mb", max=50, dryRun=True)
    verdict = judge_suites(gates, {"test": (better, 0)}, cost=shown)
    assert verdict.outcome == "Passed"
    assert verdict.gates[1].line.endswith("✗ (dry run)")


def test_bounds_to_be_shown_hold_the_median() -> None:
    bounds = exhibits(a_cost(12.0)).bounds()
    assert set(bounds["candidate"]) == {"cost/query-p50-ms", "cost/query-p95-ms", "cost/documents-per-second"}
    for role, median in (("candidate", 12.0), ("base", 10.0)):
        found = bounds[role]["cost/query-p95-ms"]  # type: ignore[index]
        assert found.lower < median < found.upper < 1.05 * median


def test_one_ruling_on_whole_vectors_smaller_ones_and_costs() -> None:
    store, exam, int8 = open_store("memory://"), "e" * 64, Compression(precision="int8")
    suite = Suite(cutoffs=(10,), compressed=[int8])
    keys, means = LineKeys("team", "line").exam(exam), {"candidate": 0.6, "base": 0.5}
    kept = {
        name: {
            role: keep_scores(store, keys.results(role * 8, name * 8), scores(noise(mean - less), metric=f"{name}/ndcg@10"))
            for role, mean in means.items()
        }
        for name, less in (("test", 0.0), ("test@int8", 0.15))
    }
    table = documents.as_json(exhibits(a_cost(12.0)).table)
    store.put("cost.json", table)
    facts = EvaluateFacts.model_validate({"scores": kept, "cost": a_file("cost.json", table)})
    papers = [
        AskedSuite(suite=suite, exam=exam, digest=suite.digest(way=way), compressed=way, queries=400, groups=200)
        for way in suite.ways
    ]
    gates = [
        a_gate(min=0.5),
        Gate.model_validate({"metric": "test@int8/ndcg@10", "min": 0.5}),
        on("query-p95-ms", minDelta=-0.1, against="Base"),
    ]
    ruling = rule(gates, facts, exam, papers, None, store)
    assert [gate.line for gate in ruling.verdict.gates] == [
        "ndcg@10 0.600, 95 % bound 0.592 ≥ 0.500 ✓",
        "test@int8/ndcg@10 0.450, 95 % upper bound 0.458 < 0.500 ✗",
        "cost/query-p95-ms 12.0 ms: 20.0 % slower than base, 95 % upper bound -20.0 < -10.0 % ✗",
    ]
    assert ruling.bounds["candidate"].keys() == {
        "test/ndcg@10",
        "test@int8/ndcg@10",
        "cost/query-p50-ms",
        "cost/query-p95-ms",
        "cost/documents-per-second",
    }


def test_tables_show_them_with_units_and_bounds() -> None:
    values: dict[str, float | None] = {
        "test/ndcg@5": 0.58,
        "test/ndcg@10": 0.6,
        "test@int8/mrr@10": 0.5,
        "test@int8/ndcg@5": 0.57,
        "test@int8/ndcg@10": 0.59,
        **a_cost(12.0).metrics,
    }
    bounds = {"cost/query-p95-ms": Bounds(12.0, 11.9, 12.1), "test@int8/ndcg@10": Bounds(0.59, 0.57, 0.61)}
    assert score_rows([Role("candidate v2", values, bounds)]).rows == (
        ("test/ndcg@10", "0.600"),
        ("test@int8/ndcg@10", "0.590 (0.570 to 0.610)"),
        ("cost/query-p50-ms", "10.8 ms"),
        ("cost/query-p95-ms", "12.0 ms (11.9 ms to 12.1 ms)"),
        ("cost/documents-per-second", "833.3/s"),
        ("cost/model-mb", "90.9 MB"),
        ("cost/dimension", "384"),
    )
    assert headline_metrics(values) == ["test/ndcg@10"]
