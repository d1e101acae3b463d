"""`embtune data` and `embtune init` on files as teams have them: real ones, and ones that are wrong on purpose."""

from pathlib import Path

import pytest

from embtune_operator.jobfile import load_job
from support.command import embtune
from support.shapes import DATA, medquad
from support.tiny_model import make_tiny_model

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
    assert "The base was not measured" in told.out, "there is no hub here, and no base"
    of_job, of_file = (embtune("data", given, "--json").ended(0).json for given in (out, DATA / file))
    assert of_job["report"]["rows_used"] == of_file["report"]["rows_used"]
    assert of_job["report"]["split"]["sides"] == of_file["report"]["split"]["sides"]
    assert of_job["advice"] == of_file["advice"]


def test_a_base_is_measured_on_validation_rows(tmp_path: Path) -> None:
    file = DATA / "medquad/sample.jsonl"
    tiny = make_tiny_model(tmp_path / "tiny", [row["question"] + " " + row["answer"] for row in medquad()])
    told = embtune("data", file, "--base-model", tiny, "--json").ended(0).json
    base, sides = told["base"], told["report"]["split"]["sides"]
    assert base["metric"] == "ndcg@10"
    assert base["asked"] == sides["validation"]["queries"]
    assert 0 <= base["score"]["lower"] < base["score"]["value"] < base["score"]["upper"] <= 1
    assert base["lexical"]["value"] > base["score"]["upper"], "a random model knows less than words do"
    assert f"ndcg@10 {base['score']['value']:.3f}" in "; ".join(told["advice"]["reasons"])
    out = tmp_path / "job.yaml"
    written = embtune("init", file, "--out", out, "--base", tiny).ended(0)
    assert f"Advice: {told['advice']['answer']}." in written.out
    assert "counted by the base's tokenizer" in out.read_text(encoding="utf-8")


def test_a_base_that_is_not_there_is_told(tmp_path: Path) -> None:
    refused = embtune("data", DATA / "medquad/sample.jsonl", "--base-model", tmp_path / "nothing").ended(2)
    assert "--base-model.uri: there is no folder" in refused.paragraph
    half = embtune("data", DATA / "medquad/sample.jsonl", "--queries-per-day", 100).ended(2)
    assert "takes all of --base-model, --queries-per-day" in half.paragraph


def test_init_guards_what_it_is_told_to(tmp_path: Path) -> None:
    out = tmp_path / "job.yaml"
    guards = [DATA / "stsb/sample.csv", DATA / "banking77/sample.csv"]
    asked = [argument for guard in guards for argument in ("--guard", guard)]
    told = embtune("init", DATA / "medquad/sample.jsonl", "--out", out, "--no-measure", *asked).ended(0)
    assert "guards against forgetting: guard-stsb/spearman (SemanticSimilarity)" in told.out
    job = load_job(out)
    assert [(suite.name, suite.kind, suite.guard) for suite in job.spec.evaluation.suites] == [
        ("test", "Retrieval", False),
        ("guard-stsb", "SemanticSimilarity", True),
        ("guard-banking77", "Classification", True),
    ]
    rules = [(gate.metric, gate.min_delta, gate.against, gate.confidence) for gate in job.spec.promotion.gates]
    assert rules == [
        ("test/ndcg@10", 0.0, "Base", 0.95),
        ("test/ndcg@10", -0.01, "Production", 0.95),
        ("guard-stsb/spearman", -0.02, "Base", 0.95),
        ("guard-banking77/accuracy", -0.02, "Base", 0.95),
    ]
    embtune("validate", out).ended(0)


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


UNEQUAL = {
    "a line too few": ("Good day\n", "rows.de has 2 lines and", "1: line by line"),
    "not UTF-8": ("Good day\nCaf\udce9\n", "rows.en:2: not UTF-8", "iconv"),
    "nothing in it": ("", "rows.de has 2 lines and", "has 0"),
}


@pytest.mark.parametrize("name", UNEQUAL)
def test_parallel_texts_that_do_not_go_together_are_refused(tmp_path: Path, name: str) -> None:
    content, *says = UNEQUAL[name]
    german, english = tmp_path / "rows.de", tmp_path / "rows.en"
    german.write_text("Guten Tag\nGuten\u2028Abend\n", encoding="utf-8")
    english.write_text(content, encoding="utf-8", errors="surrogateescape")
    refused = embtune("init", german, "--beside", english, "--out", tmp_path / "job.yaml").ended(2).paragraph
    assert all(words in refused for words in says), refused
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.de", "rows.en"]


def test_no_rows_stay_behind_where_no_job_can_be_made_of_them(tmp_path: Path) -> None:
    for name in ("rows.de", "rows.en"):
        (tmp_path / name).write_text("Tag\nAbend\n", encoding="utf-8")
    embtune("init", tmp_path / "rows.de", "--beside", tmp_path / "rows.en", "--out", tmp_path / "job.yaml").ended(2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rows.de", "rows.en"]
    (tmp_path / "rows.jsonl").write_text("mine", encoding="utf-8")
    refused = embtune("init", tmp_path / "rows.de", "--beside", tmp_path / "rows.en", "--out", tmp_path / "job.yaml").ended(2)
    assert "nothing is overwritten" in refused.paragraph
    assert (tmp_path / "rows.jsonl").read_text(encoding="utf-8") == "mine"


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
