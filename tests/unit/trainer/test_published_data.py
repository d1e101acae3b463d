"""banking77 and MedQuAD as published: `prepare` counts what comparing everything with everything counts, and removes it.

banking77 is whole in tests/data. Of MedQuAD a sample is; with EMBTUNE_MEDQUAD=<folder of medquad_train.jsonl and
medquad_dev.jsonl> all of it is read. The publishers' own splits are taken: what they test with is the exam.
"""

import csv
import gzip
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from support.counts import Exam, Said, distinct, kind, nearly_repeated, repeated, tiers
from unit.trainer.prepare_world import Prepared, World, exam_of, write_jsonl

DATA = Path(__file__).parents[2] / "data"
MEDQUAD = os.environ.get("EMBTUNE_MEDQUAD")
TIERS = ("same-pair", "same-query", "near-duplicate", "answer")
BANKING77 = {
    "columns": {"text": "text", "label": "category"},
    "split": {"method": "Given", "splitColumn": "split"},
    "build": {"labelledTexts": "Batches"},  # rows as they are
}
QUESTIONS = {
    "columns": {"anchor": "question", "positive": "answer"},
    "split": {"method": "Given", "splitColumn": "split", "groupBy": "focus"},
}


def banking77() -> list[dict[str, str]]:
    rows = []
    for side in ("train", "test"):
        with gzip.open(DATA / "banking77" / "published" / f"{side}.csv.gz", "rt", encoding="utf-8", newline="") as file:
            rows += [{**row, "split": side} for row in csv.DictReader(file)]
    return rows


def medquad_sample() -> list[dict[str, str]]:
    """With what the whole has and a sample has not: copies, pairs set in another way, nearly the same pairs, one focus twice."""
    rows = [json.loads(line) for line in (DATA / "medquad" / "sample.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [{**row, "split": "test" if number % 5 == 0 else "train"} for number, row in enumerate(rows)]
    joined = [{**row, "question": row["question"].replace(" ", "", 1), "split": "train"} for row in rows[:200:20]]
    plural = [{**row, "question": f"{row['question']}s", "answer": f"So: {row['answer']}"} for row in rows[1::10]]
    asked = [{**row, "question": row["answer"], "answer": row["question"], "split": "train"} for row in rows[5:100:10]]
    return [*rows, *rows[2::40], *joined, *plural, *asked]


def medquad() -> list[dict[str, str]]:
    rows = []
    for side in ("train", "dev"):
        with Path(MEDQUAD or "", f"medquad_{side}.jsonl").open(encoding="utf-8") as file:
            rows += [{**json.loads(line), "split": "test" if side == "dev" else "train"} for line in file]
    return [{name: row[name] for name in ("question", "answer", "focus", "split")} for row in rows]


SETS = [
    pytest.param(banking77, BANKING77, {"duplicates": 20, "near-duplicate": 20, "near": 20}, id="banking77, all 13,083 rows"),
    pytest.param(
        medquad_sample,
        QUESTIONS,
        {"duplicates": 5, "same-pair": 10, "near-duplicate": 1, "group": 50, "near": 20},
        id="MedQuAD, 420",
    ),
    pytest.param(
        medquad,
        QUESTIONS,
        {"empty": 10, "duplicates": 40, "near": 40},
        id="MedQuAD, all",
        marks=pytest.mark.skipif(MEDQUAD is None, reason="EMBTUNE_MEDQUAD names no folder"),
    ),
]


@pytest.mark.parametrize(("read", "how", "at_least"), SETS)
def test_counts_equal_those_of_comparing_everything(
    tmp_path: Path, read: Any, how: dict[str, Any], at_least: dict[str, int]
) -> None:
    published = read()
    write_jsonl(tmp_path / "rows.jsonl", published)
    rows = [row for row in published if all(value.strip() for value in row.values())]
    world = World(tmp_path)
    told = world.prepare(
        world.request("rows.jsonl", job="told", **how, checks={"empty": "Fix", "leakage": "Warn", "nearDuplicates": "Warn"})
    )
    exam = exam_asked(world)
    held_out_stay = sorted(rows, key=lambda row: row["split"] == "train")
    training = [row for row, side in distinct([(said(row), row["split"]) for row in held_out_stay]) if side == "train"]

    tier = dict(zip(map(kind, training), tiers(training, exam), strict=True))
    expected = Counter(f"leakage/{name}" for name in tier.values() if name)
    expected["empty"] = len(published) - len(rows)
    expected["duplicates"] = repeated([said(row) for row in rows])
    near = nearly_repeated(training)
    counts = counted(told)
    assert +counts == +expected
    found = next((finding for finding in told.report.findings if finding.check == "near-duplicates"), None)
    assert bool(found) == bool(near)
    for check, least in at_least.items():
        number = len(near) if check == "near" else max(expected[check], expected[f"leakage/{check}"])
        assert number >= least, f"{check}: the data shows less than it should"

    fixed = world.prepare(world.request("rows.jsonl", job="fixed", **how, checks={"empty": "Fix", "nearDuplicates": "Fix"}))
    left = [kind(trained(row)) for row in fixed.train]
    assert counted(fixed) == counts
    assert {tier[row] for row in left} == {None}
    assert not [pair for pair in near if {kind(training[place]) for place in pair} <= set(left)]
    assert len(left) < len(told.train)


def said(row: dict[str, str]) -> Said:
    if "text" in row:
        return Said(row["text"], label=row["category"])
    return Said(row["question"], row["answer"], group=row["focus"])


def trained(row: dict[str, Any]) -> Said:
    return Said(row.get("text") or row["anchor"], row.get("positive", ""), row.get("label", ""), row["group"])


def exam_asked(world: World) -> Exam:
    parts = exam_of(world)
    texts = {entry["id"]: entry["text"] for entry in [*parts["queries"], *parts["corpus"]]}
    labelled = any("groups" in entry for entry in parts["corpus"])
    queries = [entry["text"] for entry in (*parts["queries"], *(parts["corpus"] if labelled else ()))]
    groups = {group for entry in [*parts["queries"], *parts["corpus"]] for group in entry.get("groups", ())}
    pairs = [] if labelled else [(texts[qrel["query"]], texts[qrel["passage"]]) for qrel in parts["qrels"]]
    return Exam(queries, pairs, groups)


def counted(prepared: Prepared) -> Counter[str]:
    wanted = ("empty", "duplicates", *(f"leakage/{tier}" for tier in (*TIERS, "group")))
    return Counter({finding.check: finding.rows for finding in prepared.report.findings if finding.check in wanted})
