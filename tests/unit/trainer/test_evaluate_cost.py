"""Times of models that are really taken, in turn; kept with the evaluation that took them, and with no other."""

from pathlib import Path

import pytest
from sentence_transformers import SentenceTransformer

from embtune_api.cost import CostSettings
from embtune_api.documents.cost import AskedCost, CostTable
from embtune_api.documents.files import StoredModel
from embtune_api.requests import EvaluateRequest
from embtune_api.status import Progress
from embtune_store import open_store
from embtune_trainer.evaluate.cost import ensure_cost, take_times
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.results import Examinee
from support.tiny_model import make_tiny_model

TEXTS = [f"how do I list the files of folder {number}" for number in range(24)]
EXAM = LoadedExam(TEXTS, TEXTS, TEXTS, TEXTS, TEXTS, {text: {text: 1} for text in TEXTS})
TIMES = CostSettings(rounds=5, queries=20, documents=24, batch_size=8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two models: the large one computes a few hundred times as much as the small one."""
    made = tmp_path_factory.mktemp("cost")
    make_tiny_model(made / "small", TEXTS, layers=1)
    make_tiny_model(made / "large", TEXTS, hidden=384, layers=6)
    return made


def loaded(folder: Path, name: str) -> SentenceTransformer:
    return SentenceTransformer(str(folder / name / "model"), device="cpu")


def test_a_larger_model_is_slower_in_the_same_rounds(folder: Path) -> None:
    said: list[str] = []

    def report(progress: Progress) -> None:
        said.append(progress.message)

    found = take_times({"base": loaded(folder, "small"), "candidate": loaded(folder, "large")}, EXAM, TIMES, report)
    assert {role: len(rounds) for role, rounds in found.items()} == {"base": 5, "candidate": 5}
    assert said[-1] == "taking times, round 5 of 5"
    slower = [large.query_p50_ms / small.query_p50_ms for large, small in zip(found["candidate"], found["base"], strict=True)]
    assert sorted(slower)[2] > 1.5
    fewer = [one.documents_per_second / two.documents_per_second for one, two in zip(*found.values(), strict=True)]
    assert sorted(fewer)[2] > 1.5
    assert all(0 < one.query_p50_ms <= one.query_p95_ms for rounds in found.values() for one in rounds)


def test_times_are_taken_once_for_a_step_and_anew_for_the_next(folder: Path, tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    keys = {"store": store.uri, "namespace": "team", "model": "search", "job": "one", "job_uid": "uid"}
    request = EvaluateRequest(**keys, digest="a" * 64, exam="e" * 64, models=[], suites=[], cost=AskedCost(times=TIMES))
    examinee = Examinee(store, StoredModel(prefix="m", digest="d" * 64, files=[]))
    examinee.__dict__["encoder"] = loaded(folder, "small")
    silent = lambda _: None  # noqa: E731
    kept = ensure_cost(request, store, {"candidate": examinee}, EXAM, silent)
    assert len(kept.table.roles["candidate"].rounds) == 5
    assert kept.table.roles["candidate"].dimension == 32
    assert ensure_cost(request, store, {}, EXAM, silent) == kept, "nobody was asked: a step that died goes on from what it had"
    other = request.model_copy(update={"digest": "b" * 64})
    again = ensure_cost(other, store, {"candidate": examinee}, EXAM, silent)
    assert again.table != kept.table, "another evaluation takes its own times"
    exact = ensure_cost(
        request.model_copy(update={"digest": "c" * 64, "cost": AskedCost(times=None)}),
        store,
        {"candidate": examinee},
        EXAM,
        silent,
    )
    assert exact.table.roles["candidate"].metrics == {"cost/model-mb": 0.0, "cost/dimension": 32.0}
    stored = [key.key for key in store.list("team")]
    assert len(stored) == 3
    assert all("/evaluate/" in key and key.endswith("/cost.json") for key in stored), "none beside the exam's results"
    assert CostTable.model_validate_json(store.get(stored[0])).machine.endswith("threads")
