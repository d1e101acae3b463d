"""Every shape that data has, on real data, from a file to rows to train on and an exam that stays unseen."""

import random
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from support.shapes import EXAMPLES, Example
from unit.trainer.prepare_world import Prepared, World, exam_of, write_jsonl

SHAPES = [pytest.param(example, id=name) for name, example in EXAMPLES.items()]


def plain(text: str) -> str:
    """An independent normaliser: letters and digits only."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).casefold() if c.isalnum()) or text


def prepared_from(
    folder: Path, example: Example, rows: list[dict[str, Any]] | None = None, **data: Any
) -> tuple[World, Prepared]:
    world = World(folder)
    write_jsonl(folder / "rows.jsonl", example.rows() if rows is None else rows)
    return world, world.prepare(world.request("rows.jsonl", columns=example.columns, **{"build": example.build, **data}))


def asked(world: World) -> set[str]:
    """Texts of the exam that must stay unseen."""
    exam = exam_of(world)
    texts = [text for pair in exam["pairs"] for text in (pair["sentence1"], pair["sentence2"])]
    texts += [query["text"] for query in exam["queries"]]
    if any("groups" in passage for passage in exam["corpus"]):
        texts += [passage["text"] for passage in exam["corpus"]]
    return set(map(plain, texts))


def learnt(rows: list[dict[str, Any]]) -> set[str]:
    """Every text in rows to train on."""
    roles = ("anchor", "positive", "sentence1", "sentence2", "text")
    return {plain(text) for row in rows for text in (*(row[role] for role in roles if role in row), *row.get("negatives", []))}


@pytest.mark.parametrize("example", SHAPES)
def test_nothing_that_the_exam_asks_is_learnt(tmp_path: Path, example: Example) -> None:
    world, prepared = prepared_from(tmp_path, example)
    assert len(asked(world)) > 20
    assert len(prepared.train) > 100
    assert not asked(world) & learnt(prepared.train + prepared.validation)
    known = {plain(text) for row in example.rows() for text in example.texts_of(row)}
    assert learnt(prepared.train + prepared.validation) | asked(world) <= known
    assert prepared.facts.shape == prepared.report.prepared.shape == example.shape
    assert len(prepared.train) == prepared.facts.train_rows == prepared.report.prepared.train
    assert len(prepared.validation) == prepared.facts.validation_rows == prepared.report.prepared.validation > 10


@pytest.mark.parametrize("example", SHAPES)
def test_the_order_of_the_source_leaves_no_trace(tmp_path: Path, example: Example) -> None:
    rows = example.rows()
    results = []
    for order in (rows, random.Random(1).sample(rows, len(rows))):
        world, prepared = prepared_from(tmp_path, example, order)
        keys = prepared.places
        results.append(
            [prepared.facts.exam, exam_of(world), *prepared.bytes_of(keys.train_rows, keys.validation_rows, keys.fingerprints)]
        )
    assert results[0] == results[1]


@pytest.mark.parametrize("example", SHAPES)
def test_a_later_job_whose_split_is_another_learns_nothing_of_the_exam_either(tmp_path: Path, example: Example) -> None:
    world, first = prepared_from(tmp_path, example)
    later = world.prepare(world.request("rows.jsonl", columns=example.columns, build=example.build, job="two", split={"seed": 5}))
    assert later.facts.exam == first.facts.exam
    assert not asked(world) & learnt(later.train + later.validation)
    assert any(finding.check.startswith("leakage/") for finding in later.report.findings)


def test_an_exam_of_labelled_texts_asks_with_one_half_for_the_other(tmp_path: Path) -> None:
    example = EXAMPLES["labelled texts"]
    world, prepared = prepared_from(tmp_path, example)
    exam = exam_of(world)
    labels = {plain(row["text"]): row["category"] for row in example.rows()}
    text = {entry["id"]: plain(entry["text"]) for entry in exam["queries"] + exam["corpus"]}
    assert not {query["id"] for query in exam["queries"]} & {passage["id"] for passage in exam["corpus"]}
    wanted = {
        (query["id"], passage["id"])
        for query in exam["queries"]
        for passage in exam["corpus"]
        if labels[text[query["id"]]] == labels[text[passage["id"]]]
    }
    assert {(qrel["query"], qrel["passage"]) for qrel in exam["qrels"]} == wanted
    assert {query for query, _ in wanted} == {query["id"] for query in exam["queries"]}, "every query has something to find"
    assert len(exam["queries"]) <= len(exam["corpus"])
    assert prepared.report.split.sides["test"].queries == len(text)


def test_an_exam_of_scored_pairs_keeps_the_scores_of_the_source(tmp_path: Path) -> None:
    example = EXAMPLES["scored pairs"]
    world, prepared = prepared_from(tmp_path, example)
    exam = exam_of(world)
    scores = {(row["sentence1"], row["sentence2"]): float(row["score"]) for row in example.rows()}
    assert exam["queries"] == exam["corpus"] == exam["qrels"] == []
    assert prepared.facts.exam_queries == len(exam["pairs"]) > 50
    for pair in exam["pairs"]:
        assert scores[pair["sentence1"], pair["sentence2"]] == pair["score"]
    assert {pair["score"] for pair in exam["pairs"]} <= set(scores.values())
    assert [pair["id"] for pair in exam["pairs"]] == sorted({pair["id"] for pair in exam["pairs"]})


TWICE = 2
"""Of the first 300 pairs, those that the benchmark has twice, but for capitals."""


def scored(*rows: tuple[str, str, Any]) -> list[dict[str, Any]]:
    """Some real pairs, and these."""
    mine = [{"sentence1": one, "sentence2": two, "score": score} for one, two, score in rows]
    return EXAMPLES["scored pairs"].rows()[:300] + mine


def test_a_scored_pair_turned_round_is_a_duplicate(tmp_path: Path) -> None:
    rows = scored(
        ("Quasars shine", "Zebras run", 3), ("Zebras run!", "quasars  shine", "3.0"), ("Zebras run", "Quasars shine", 3.2)
    )
    _, prepared = prepared_from(tmp_path, EXAMPLES["scored pairs"], rows)
    findings = {finding.check: finding for finding in prepared.report.findings}
    assert findings["duplicates"].rows == TWICE + 1
    assert "conflicts" not in findings, "3 and 3.2 are near each other on a scale from 0 to 5"
    assert prepared.report.rows_used == len(rows) - TWICE - 1


@pytest.mark.parametrize("action", ["Warn", "Fix"])
def test_scores_of_one_pair_that_are_far_apart_are_told(tmp_path: Path, action: str) -> None:
    rows = scored(("Quasars shine", "Zebras run", 0), ("Zebras run", "Quasars shine", 4.5))
    _, prepared = prepared_from(tmp_path, EXAMPLES["scored pairs"], rows, checks={"conflicts": action})
    finding = next(finding for finding in prepared.report.findings if finding.check == "conflicts")
    assert (finding.rows, finding.message) == (2, "give one pair of texts scores that are far apart")
    assert finding.examples[0] == "rows.jsonl:301: Quasars shine | Zebras run → 0"
    assert prepared.report.rows_used == len(rows) - TWICE - 2 * (action == "Fix")


@pytest.mark.parametrize("score", ["high", "", None, float("nan"), [1], "1e999"])
def test_a_score_that_is_no_number_is_an_unusable_row(tmp_path: Path, score: Any) -> None:
    rows = scored(("Quasars shine", "Zebras run", score))
    _, prepared = prepared_from(tmp_path, EXAMPLES["scored pairs"], rows, checks={"empty": "Fix"})
    finding = next(finding for finding in prepared.report.findings if finding.check == "empty")
    assert finding.examples[0].startswith("rows.jsonl:301: 'score' is")


def test_a_text_under_two_labels_is_a_conflict_and_asks_for_both(tmp_path: Path) -> None:
    rows = EXAMPLES["labelled texts"].rows()
    twice = [*rows, *({**row, "category": "something else"} for row in rows[:40])]
    world, prepared = prepared_from(tmp_path, EXAMPLES["labelled texts"], twice)
    finding = next(finding for finding in prepared.report.findings if finding.check == "conflicts")
    assert finding.rows == 80
    exam = exam_of(world)
    assert not {query["id"] for query in exam["queries"]} & {passage["id"] for passage in exam["corpus"]}
    assert not asked(world) & learnt(prepared.train + prepared.validation)
