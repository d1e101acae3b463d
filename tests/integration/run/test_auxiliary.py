"""A job with two auxiliary sets of other shapes, from the command to the verdict, and what is told of them."""

import csv
import re
import shutil
from pathlib import Path

from integration.run.test_eject import run_script
from support.command import embtune
from support.jobs import MODEL, NAMESPACE, write_job, write_rows
from support.rows import BANKING77, banking77_texts, tldr_pairs
from support.stored import StoredLine, read_json
from support.tiny_model import make_tiny_model

STSB = BANKING77.parents[1] / "stsb" / "sample.csv"
SETS = [
    {
        "name": "sts",
        "train": {"uri": "sts.csv", "columns": {"sentence1": "sentence1", "sentence2": "sentence2", "score": "score"}},
        "loss": {"name": "CoSENT"},
    },
    {"name": "intents", "train": {"uri": "intents.csv", "columns": {"text": "text", "label": "category"}, "weight": 0.25}},
]


def test_a_job_with_auxiliary_sets_ends_in_a_verdict(tmp_path: Path) -> None:
    pairs = tldr_pairs(400)
    write_rows(tmp_path / "rows.jsonl", pairs)
    shutil.copy(STSB, tmp_path / "sts.csv")
    shutil.copy(BANKING77, tmp_path / "intents.csv")
    with (tmp_path / "sts.csv").open("a", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([pair["anchor"], f"nothing like it {number}", 1.0] for number, pair in enumerate(pairs))
    texts = [text for pair in pairs for text in (pair["anchor"], pair["positive"])] + [text for text, _ in banking77_texts()]
    make_tiny_model(tmp_path / "tiny", texts)
    job = write_job(
        tmp_path,
        "mixed",
        ["rows.jsonl"],
        data={
            "train": [{"uri": "rows.jsonl"}],
            "split": {"test": 0.3, "validation": 0.2, "groupBy": "group"},
            "checks": {"duplicates": "Fix", "minRows": 100},
            "auxiliary": SETS,
        },
        training={"epochs": 1},
    )
    store = tmp_path / "store"
    told = embtune("run", job, "--store", store).ended(0)
    assert re.search(r"beside them [\d,]+ rows of sts with CoSENT$", told.out, re.MULTILINE)
    line = StoredLine(store, NAMESPACE, MODEL)
    metadata = read_json(line.version(1) / "metadata.json")
    sts, intents = metadata["training_data"]["auxiliary"]
    assert (sts["name"], sts["loss"]["name"], sts["shape"]) == ("sts", "CoSENT", "scored pairs")
    assert (intents["loss"]["name"], intents["source"]["weight"]) == ("BatchHardSoftMarginTriplet", 0.25)
    assert metadata["lineage"]["auxiliary"] == {"sts": sts["file"]["sha256"], "intents": intents["file"]["sha256"]}
    card = (line.version(1) / "model" / "README.md").read_text(encoding="utf-8")
    assert "| `sts` | `sts.csv` |" in card

    report = read_json(line.step("mixed", "train") / "report.json")
    assert [one["name"] for one in report["auxiliary"]] == ["sts", "intents"]
    assert {point["auxiliary"] for point in report["curve"]} == {None, "sts", "intents"}
    rows = (store / sts["file"]["key"]).read_text(encoding="utf-8")
    asked = {query["text"] for query in line.queries}
    assert not [query for query in asked if f'"{query}"' in rows], "no query of the exam came in by this door"
    assert len(asked) > 50

    before = {path: path.stat().st_mtime_ns for path in store.rglob("manifest.json")}
    page = tmp_path / "page.html"
    embtune("report", job, "--store", store, "--out", page).ended(0)
    assert "Loss of sts: CoSENT" in page.read_text(encoding="utf-8")
    embtune("run", job, "--store", store).ended(0)
    assert {path: path.stat().st_mtime_ns for path in store.rglob("manifest.json")} == before, "nothing is done twice"

    out = tmp_path / "plain"
    embtune("eject", f"{MODEL}@1", "--out", out, "--store", store, "--namespace", NAMESPACE).ended(0)
    measured = run_script(out)
    evaluation = read_json(line.version(1) / "evaluation.json")
    assert abs(measured["ndcg@10"][0] - evaluation["base"]["test/ndcg@10"]) < 0.002
    assert abs(measured["ndcg@10"][1] - evaluation["candidate"]["test/ndcg@10"]) < 0.1
