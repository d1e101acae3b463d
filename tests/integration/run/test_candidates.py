"""A real run with three candidates on two bases: one of them cannot be trained, one is picked, and the exam sees it alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.command import Told, embtune
from support.jobs import MODEL, NAMESPACE, write_job
from support.rows import tldr_pairs
from support.stored import StoredLine, read_json, read_lines
from support.tiny_model import make_tiny_model

BROKEN = "training.matryoshka.dims: 512 is more than the 32 numbers"
SPLIT = {"split": {"validation": 0.25, "test": 0.3, "groupBy": "group", "seed": 7}}


@dataclass(frozen=True)
class Run:
    job: Path
    told: Told
    line: StoredLine

    @property
    def status(self) -> Any:
        return read_json(self.root / "result.json")["status"]

    @property
    def root(self) -> Path:
        (found,) = (self.line.store / NAMESPACE / "jobs" / "several").iterdir()
        return found

    @property
    def ranking(self) -> Any:
        return read_json(self.root / "pick.json")["ranking"]

    @property
    def trials(self) -> dict[str, Any]:
        """What each was ranked by, with its model's digest."""
        requests = [read_json(file)["facts"] for file in self.root.glob("train/*/manifest.json")]
        return {facts["trial"]["parameters"]: facts for facts in requests}


@pytest.fixture(scope="module")
def run(bench: Path) -> Run:
    texts = [text for row in tldr_pairs(700) for text in (row["anchor"], row["positive"])]
    make_tiny_model(bench / "smaller", texts, seed=1, hidden=16, layers=1)
    candidates = [
        {"name": "small", "baseModel": {"uri": "smaller/model"}, "training": {"learningRate": 1e-7, "epochs": 1}},
        {"name": "broken", "training": {"matryoshka": {"dims": [512]}}},
        {"name": "own"},
    ]
    job, store = write_job(bench, "several", ["first.jsonl"], data=SPLIT, candidates=candidates), bench / "store-several"
    return Run(job, embtune("run", job, "--store", store), StoredLine(store, NAMESPACE, MODEL))


def test_the_candidates_are_ranked_on_the_same_questions(run: Run) -> None:
    run.told.ended(0)
    small, broken, own = run.status["candidates"]
    assert (small["phase"], broken["phase"], own["phase"]) == ("Trained", "Failed", "Trained")
    assert BROKEN in broken["message"]
    assert (small["dimension"], own["dimension"]) == (16, 32)
    assert small["parameters"] < own["parameters"]
    assert small["size"] < own["size"]
    assert small["textsASecond"] > 0
    ranking = run.ranking
    assert ranking["metric"] == "validation/ndcg@10"
    assert ranking["questions"] == len({row["anchor"] for row in validation_rows(run)})
    first, second = ranking["candidates"]
    assert (first["name"], second["name"]) == ("own", "small"), "one that was trained knows more than one that was not"
    assert first["score"] - second["score"] == pytest.approx(second["behind"])
    assert ranking["picked"] == ("own" if second["behind_lower"] > 0 else "small")
    assert ranking["line"] in run.told.err


def test_the_exam_sees_the_winner_alone(run: Run) -> None:
    winner = next(facts for facts in run.trials.values() if facts["trial"]["dimension"] == winners(run)["dimension"])
    metadata = read_json(run.line.version(1) / "metadata.json")
    assert metadata["model_hash"] == winner["model"]["digest"]
    assert metadata["lineage"]["candidates"] == run.ranking
    examined = {folder.name.partition("-")[0] for folder in (run.line.exam / "results").iterdir()}
    assert examined == {metadata["model_hash"][:20], metadata["lineage"]["base"]["digest"][:20]}
    assert metadata["lineage"]["base"]["uri"] == "tiny/model"
    assert metadata["base_model"]["uri"] == ("tiny/model" if run.ranking["picked"] == "own" else "smaller/model")


def test_run_again_it_does_nothing(run: Run) -> None:
    again = embtune("run", run.job, "--store", run.line.store).ended(0)
    assert "Nothing to do: several finished" in again.err


def test_it_is_told_on_the_terminal_and_on_the_page(run: Run, tmp_path: Path) -> None:
    assert "own" in run.told.out
    assert f"{run.ranking['picked']} is picked" in run.told.out
    page = tmp_path / "page.html"
    embtune("report", f"{MODEL}@1", "--store", run.line.store, "--namespace", NAMESPACE, "--out", page).ended(0)
    text = page.read_text(encoding="utf-8")
    assert f"{run.ranking['picked']} (picked)" in text
    assert f"failed: {BROKEN}" in text


def winners(run: Run) -> Any:
    return next(one for one in run.ranking["candidates"] if one["name"] == run.ranking["picked"])


def validation_rows(run: Run) -> Any:
    return read_lines(run.line.data("several") / "validation.jsonl")
