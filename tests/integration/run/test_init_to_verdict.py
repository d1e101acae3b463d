"""Raw files as they are published: `embtune init` writes a job for each, and `embtune run` takes it unchanged to a verdict."""

from pathlib import Path

import pytest

from embtune_operator.jobfile import load_job
from support.command import embtune
from support.published import PUBLISHED
from support.tiny_model import make_tiny_model


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_raw_file_goes_to_a_verdict(tmp_path: Path, name: str) -> None:
    published = PUBLISHED[name]
    file = published.write(tmp_path)
    make_tiny_model(tmp_path / "tiny", published.words())
    out = tmp_path / "job.yaml"
    told = embtune("init", file, *published.options(tmp_path), "--out", out, "--base", "tiny/model").ended(0)
    assert f"is read as {published.shape}" in told.out
    assert load_job(out).spec.data.train[0].columns.shape == published.shape
    ran = embtune("run", out, "--store", tmp_path / "store", "--json")
    assert ran.code in (0, 3), ran.err
    status = ran.json["status"]
    assert status["phase"] == "Succeeded"
    assert status["verdict"]["outcome"] in ("Passed", "Rejected", "Inconclusive")
    assert [gate["metric"] for gate in status["verdict"]["gates"]] == [published.metric] * 2
    assert all(gate.get("lower") is not None for gate in status["verdict"]["gates"]), "the exam is large enough to be judged"


def test_the_columns_of_a_file_without_names_are_numbered(tmp_path: Path) -> None:
    file = PUBLISHED["stsb"].write(tmp_path)
    embtune("init", file, "--out", tmp_path / "job.yaml").ended(0)
    source = load_job(tmp_path / "job.yaml").spec.data.train[0]
    assert source.header == ["column1", "column2", "column3"]
    assert source.columns.score == "column3"
    assert embtune("data", tmp_path / "job.yaml", "--json").ended(0).json["report"]["rows_read"] == 750
    told = " ".join(embtune("data", file, "--columns", "sentence1=column2,sentence2=column1,score=column3").ended(0).out.split())
    assert "Its first line is data, so its columns are called column1, column2, column3." in told
    assert "sentence1=column2" in told
