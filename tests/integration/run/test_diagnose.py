"""`embtune run JOB --diagnose`, as people run it: the job's own data, experiments alone, and nothing left behind."""

from pathlib import Path

from support.command import embtune, interrupted
from support.jobs import write_job, write_rows
from support.rows import tldr_pairs
from support.tiny_model import make_tiny_model


def test_a_rate_that_is_too_low_is_told_and_nothing_is_trained(tmp_path: Path) -> None:
    rows = tldr_pairs(500)
    make_tiny_model(tmp_path / "tiny", [text for row in rows for text in (row["anchor"], row["positive"])])
    write_rows(tmp_path / "rows.jsonl", rows)
    job = write_job(tmp_path, "slow", ["rows.jsonl"], training={"learningRate": 1e-9, "batchSize": 16})
    store, scratch = tmp_path / "store", tmp_path / "tmp"
    scratch.mkdir()
    arguments, env = ("run", job, "--store", store, "--diagnose", "--json"), {"TMPDIR": str(scratch)}

    interrupted(*arguments, at="loading the model", env=env)
    assert not list(scratch.iterdir())

    told = embtune(*arguments, env=env).ended(1)
    assert "prepare started" not in told.err, "it was prepared before"
    assert "learning one batch by heart" in told.err
    assert told.json["causes"][0]["name"] == "learning rate too low"
    assert "learningRate" in told.json["causes"][0]["change"]
    steps = {path.name for path in store.rglob("jobs/slow/*/*")}
    assert "prepare" in steps
    assert not steps & {"train", "evaluate", "publish"}
    assert not list(store.rglob("versions"))
    assert not list(scratch.iterdir())
