"""`embtune run JOB --diagnose`, as people run it: the job's own data, experiments alone, and nothing left behind."""

from pathlib import Path

from support.command import embtune
from support.jobs import write_job, write_rows
from support.rows import tldr_pairs
from support.tiny_model import make_tiny_model


def test_a_rate_that_is_too_low_is_told_and_nothing_is_trained(tmp_path: Path) -> None:
    rows = tldr_pairs(500)
    make_tiny_model(tmp_path / "tiny", [text for row in rows for text in (row["anchor"], row["positive"])])
    write_rows(tmp_path / "rows.jsonl", rows)
    job = write_job(tmp_path, "slow", ["rows.jsonl"], training={"learningRate": 1e-9, "batchSize": 16})
    store = tmp_path / "store"
    (tmp_path / "tmp").mkdir()

    told = embtune("run", job, "--store", store, "--diagnose", "--json", env={"TMPDIR": str(tmp_path / "tmp")}).ended(1)
    assert told.json["causes"][0]["name"] == "learning rate too low"
    assert "learningRate" in told.json["causes"][0]["change"]
    assert "learning one batch by heart" in told.err
    steps = {path.name for path in store.rglob("jobs/slow/*/*")}
    assert "prepare" in steps
    assert not steps & {"train", "evaluate", "publish"}
    assert not list(store.rglob("versions"))
    assert not list((tmp_path / "tmp").iterdir())
