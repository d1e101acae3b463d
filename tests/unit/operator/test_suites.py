"""Several suites in one verdict: each gate is judged on the scores of its own suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from embtune_api.documents.publish import PublishedEvaluation
from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.keys import LineKeys
from embtune_api.metrics import main_metrics, suite_of, told_of
from embtune_api.requests import PrepareRequest
from embtune_api.resources import FineTuneJob
from embtune_operator.judge.gate import Exhibits
from embtune_operator.judge.measure import measure
from embtune_operator.judge.scores import Scores
from embtune_operator.judge.verdict import judge_suites
from embtune_operator.pipeline.plan import make_plan
from embtune_operator.pipeline.readings import Readings
from embtune_operator.pipeline.resolve import resolve
from embtune_operator.registry.comparison import compare, kept_contestants, shared_suites
from embtune_operator.registry.references import find_version
from embtune_store import documents, open_store
from factories import PretendTrainer, a_gate, a_job, asked, keep_scores, noise, publish_version, scores, settings

if TYPE_CHECKING:
    from embtune_api.promotion import Gate
    from embtune_store import Store

GUARD = {"name": "general", "kind": "SemanticSimilarity", "guard": True}
STS = {"uri": "s3://d/sts.csv", "columns": {"sentence1": "a", "sentence2": "b", "score": "s"}}


def on(metric: str, **rule: Any) -> Gate:
    return a_gate(**rule).model_copy(update={"metric": metric})


def test_an_average_that_rose_does_not_hide_what_was_forgotten() -> None:
    base = noise(0.5)
    better = Exhibits(scores(base + 0.1), scores(base), None)
    now, before = (scores(base + more, metric="guard/accuracy") for more in (-0.11, 0.0))
    forgot = Exhibits(now, before, None)
    gates = [on("test/ndcg@10", minDelta=0.0, against="Base"), on("guard/accuracy", minDelta=-0.02, against="Base")]
    verdict = judge_suites(gates, {"test": (better, 0), "guard": (forgot, 0)})
    assert verdict.outcome == "Rejected"
    assert [gate.outcome for gate in verdict.gates] == ["Passed", "Rejected"]
    assert "guard/accuracy 0.390: -0.110 over base, 95 % upper bound -0.110 < -0.020 ✗" in verdict.reason


def test_a_suite_that_was_seen_settles_its_own_gates_alone() -> None:
    shown = Exhibits(scores(noise(0.6)), scores(noise(0.5)), None)
    seen = Exhibits(scores(noise(0.6), metric="web/ndcg@10"), scores(noise(0.5), metric="web/ndcg@10"), None)
    gates = [on("test/ndcg@10", min=0.5), on("web/ndcg@10", min=0.5)]
    verdict = judge_suites(gates, {"test": (shown, 0), "web": (seen, 20)})
    assert [gate.outcome for gate in verdict.gates] == ["Passed", "Inconclusive"]
    assert verdict.outcome == "Inconclusive"
    assert verdict.reason.startswith("SawExam: 20 of 420 exam queries")
    gates[0] = on("test/ndcg@10", min=0.9)
    assert judge_suites(gates, {"test": (shown, 0), "web": (seen, 20)}).outcome == "Rejected"


def test_labels_are_measured_by_both_metrics_with_their_bounds() -> None:
    generator = np.random.default_rng(1)
    label = generator.integers(0, 5, 400)
    predicted = np.where(generator.random(400) < 0.8, label, generator.integers(0, 5, 400))
    values = np.column_stack([label == predicted, label, predicted]).astype(np.float64)
    sample = Scores(("c/accuracy", "c/label", "c/predicted"), values, np.arange(400) // 2)
    assert sample.metrics == ("c/accuracy", "c/macro-f1")
    found = {name: made.bounds(0, 0.95) for name, made in measure(sample.metrics, [sample]).items()}
    for bounds in found.values():
        assert bounds.lower < bounds.value < bounds.upper < bounds.lower + 0.12
    assert found["c/accuracy"].value == pytest.approx((label == predicted).mean())


def test_metrics_are_told_of_the_columns_that_are_kept() -> None:
    assert told_of(("a/similarity", "a/score")) == ("a/spearman", "a/pearson", "a/ap", "a/f1")
    assert told_of(("a/accuracy", "a/forward", "a/backward")) == ("a/accuracy", "a/forward", "a/backward")
    assert [suite_of(name) for name in ("a-b/ndcg@10", "a[lang=de/at]/ap")] == ["a-b", "a"]


def test_a_screen_shows_each_suite_at_its_own_largest_cutoff() -> None:
    names = [
        *Suite(name="web", kind="Retrieval", cutoffs=(1, 100)).metrics(),
        *Suite(kind="Retrieval", cutoffs=(1, 10)).metrics(),
        "general/spearman",
    ]
    shown = main_metrics(names)
    assert "web/ndcg@100" in shown
    assert "test/ndcg@10" in shown
    assert "web/accuracy@1" in shown
    assert [suite_of(name) for name in shown] == sorted(map(suite_of, shown), key=["web", "test", "general"].index)


def with_suites(job: FineTuneJob, *suites: dict[str, Any]) -> FineTuneJob:
    document = job.model_dump(mode="json", by_alias=True, exclude_none=True)
    document["spec"]["evaluation"] = {"suites": [{"name": "test"}, *suites]}
    return FineTuneJob.model_validate(document)


@pytest.fixture
def store() -> Store:
    return open_store("memory://")


def test_a_job_that_asks_other_suites_is_not_trained_again(store: Store) -> None:
    trainer = PretendTrainer(store)
    first = a_job()
    trainer.work(make_plan(first, resolve(first, settings(), store, Readings()), settings()).steps[0].request)
    for other in (first, with_suites(first, {**GUARD, "data": STS}), with_suites(first, {"name": "again", "cutoffs": [7]})):
        resolved = resolve(other, settings(), store, Readings())
        if resolved.prepared is None:
            [prepare] = make_plan(other, resolved, settings()).steps
            assert isinstance(prepare.request, PrepareRequest)
            assert [suite.name for suite in prepare.request.suites] == ["general"]
            trainer.work(prepare.request)
            resolved = resolve(other, settings(), store, Readings())
        plan = make_plan(other, resolved, settings())
        assert plan.current
        if other is first:
            assert plan.current.name == "train"
            trainer.work(plan.current.request)
        else:
            assert plan.current.name == "evaluate"
    assert trainer.done == ["prepare", "train", "prepare"]


def test_versions_are_compared_by_every_suite_that_they_share(store: Store) -> None:
    line = LineKeys("search", "shop")
    web = Suite.model_validate({"name": "web", "data": {"uri": "s3://d/web.jsonl"}})
    suites = [asked("e" * 64, 400), asked("f" * 64, 400, web)]
    for number, mean in ((1, 0.5), (2, 0.52)):
        publish_version(store, line, number)
        evaluation = documents.read(store, line.version(number).evaluation, PublishedEvaluation)
        assert evaluation
        metrics = {"test/ndcg@10": mean, "web/ndcg@10": mean}
        changed = evaluation.model_copy(update={"suites": suites, "candidate": metrics})
        documents.put(store, line.version(number).evaluation, changed)
        for suite, more in zip(suites, (0.0, 0.1 * number), strict=True):
            keys = line.exam(suite.exam).results(evaluation.model_digest, suite.digest)
            keep_scores(store, keys, scores(noise(mean + more), metric=f"{suite.name}/ndcg@10"))
    versions = [find_version(store, line, reference) for reference in "12"]
    assert shared_suites(versions) == ["test", "web"]
    for name, gained in ((None, 0.02), ("web", 0.12)):
        (row,) = compare(kept_contestants(store, line, versions, name)).models[1].metrics
        assert (row.metric, round(row.difference.value, 6)) == (f"{name or 'test'}/ndcg@10", gained)
    with pytest.raises(InvalidInput, match="by the suite other: they share test, web"):
        kept_contestants(store, line, versions, "other")
