"""`embtune data` and `embtune init` on files as teams have them: real ones, and ones that are wrong on purpose."""

from pathlib import Path

import pytest

from embtune_operator.jobfile import load_job
from support.command import embtune
from support.shapes import DATA, medquad

SAMPLES = {
    "questions and answers": ("medquad/sample.jsonl", "pairs"),
    "parallel texts": ("tldr-de/sample.jsonl", "pairs"),
    "scored pairs": ("stsb/sample.csv", "scored pairs"),
    "labelled texts": ("banking77/sample.csv", "labelled texts"),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_job_that_init_writes_is_valid_and_tells_what_data_tells(tmp_path: Path, name: str) -> None:
    file, shape = SAMPLES[name]
    out = tmp_path / "job.yaml"
    told = embtune("init", DATA / file, "--out", out).ended(0)
    assert f"is read as {shape}" in told.out
    job = load_job(out)
    assert job.spec.data.train[0].columns.shape == shape
    assert job.spec.model == Path(file).parent.name
    embtune("validate", out).ended(0)
    of_job, of_file = (embtune("data", given, "--json").ended(0).json for given in (out, DATA / file))
    assert of_job["report"]["rows_used"] == of_file["report"]["rows_used"]
    assert of_job["report"]["split"]["sides"] == of_file["report"]["split"]["sides"]
    assert of_job["advice"] == of_file["advice"]


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    out = tmp_path / "job.yaml"
    out.write_text("mine", encoding="utf-8")
    assert "nothing is overwritten" in embtune("init", DATA / "medquad/sample.jsonl", "--out", out).ended(2).paragraph
    assert out.read_text(encoding="utf-8") == "mine"


WRONG: dict[str, tuple[str, bytes, str]] = {
    "an empty file": ("rows.csv", b"", "rows.csv: the file is empty"),
    "one column": ("rows.csv", b"text\nhello there\n", "the file has text"),
    "columns of no known name": ("rows.jsonl", b'{"a": "x y", "b": "y z", "c": "z w"}\n', "the file has a, b, c"),
    "a binary file": ("rows.csv", bytes(range(256)) * 4, "rows.csv"),
    "one column and no names": ("rows.csv", b"A plane is taking off.\n", "the file has column1"),
    "too few rows": ("rows.csv", b"question,answer\nwho is it,nobody\n", "minRows"),
    "half of a parallel corpus": ("rows.de", b"Guten Tag\n", "lines whose translations are in"),
}


@pytest.mark.parametrize("command", ["data", "init"])
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_in_one_paragraph(tmp_path: Path, name: str, command: str) -> None:
    file, content, says = WRONG[name]
    (tmp_path / file).write_bytes(content)
    (tmp_path / "rows.en").write_bytes(b"Good day\n")
    out = ("--out", tmp_path / "job.yaml") if command == "init" else ()
    assert says in embtune(command, tmp_path / file, *out).ended(2).paragraph
    assert not (tmp_path / "job.yaml").exists()


def test_columns_can_be_said() -> None:
    file = DATA / "medquad/sample.jsonl"
    told = embtune("data", file, "--columns", "anchor=answer,positive=question").ended(0)
    assert "anchor=answer, positive=question (as you said)" in " ".join(told.out.split())
    unknown = embtune("data", file, "--columns", "anchor=frage,positive=answer").ended(2)
    assert "no column 'frage'" in unknown.paragraph


def test_the_report_fits_80_columns_and_tells_what_to_look_at() -> None:
    told = embtune("data", DATA / "medquad/sample.jsonl").ended(0).out
    assert max(map(len, told.splitlines())) <= 80
    flat = " ".join(told.split())
    assert f"{len(medquad())} rows read, 418 used" in flat
    assert "duplicates (2 rows, removed): repeat the texts of another row" in flat
    assert "sample.jsonl:234: How to diagnose" in flat
    assert "Prompts: asymmetric" in flat
    assert "Advice: try it: the gates decide" in flat
