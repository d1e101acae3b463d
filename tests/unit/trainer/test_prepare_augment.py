"""Augmentation from a file to rows to train on: what is made, what is kept, and what is never made."""

import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embtune_api.errors import InvalidInput
from embtune_api.training import Loss
from support.augmenting import SYNONYMS
from support.rows import banking77_texts
from support.shapes import EXAMPLES, Example
from unit.trainer.prepare_world import Prepared, World, exam_of, some_pairs, write_jsonl

MORE_SYNONYMS = "causes\treasons\ntreatments\ttherapies\ndisease\tillness\nfile\tdocument\nlist\tshow\n"
"""For the other sets."""
SYNONYM_FILE = {"uri": "synonyms.tsv"}
NO_MODEL = ["Typos", "RandomDeletion", "RandomSwap", "SynonymReplacement"]


def plain(text: str) -> str:
    """As leaks are compared: without casing, punctuation and white space."""
    return "".join(character for character in text.casefold() if character.isalnum()) or text


def world_of(folder: Path, rows: list[dict[str, Any]]) -> World:
    folder.mkdir(exist_ok=True)
    write_jsonl(folder / "rows.jsonl", rows)
    (folder / "synonyms.tsv").write_text(SYNONYMS.read_text(encoding="utf-8") + MORE_SYNONYMS, encoding="utf-8")
    return World(folder)


def prepared(world: World, example: Example, **augment: Any) -> Prepared:
    how: dict[str, Any] = {"columns": example.columns, "build": example.build, "augment": augment}
    return world.prepare(world.request("rows.jsonl", job="augmented", **how))


def augmented(folder: Path, example: Example, rows: list[dict[str, Any]], **augment: Any) -> tuple[World, Prepared, Prepared]:
    """(the world, prepared as it is, prepared with new rows)"""
    world = world_of(folder, rows)
    before = world.prepare(world.request("rows.jsonl", columns=example.columns, build=example.build))
    return world, before, prepared(world, example, **augment)


def methods_for(example: Example) -> dict[str, Any]:
    if "score" in example.columns:
        return {"methods": ["Typos", "Casing"]}
    return {"methods": [*NO_MODEL, "Casing"], "synonyms": SYNONYM_FILE}


def added(before: Prepared, after: Prepared) -> list[dict[str, Any]]:
    return [row for row in after.train if row not in before.train]


def texts_of(row: dict[str, Any]) -> list[str]:
    return [text for name in ("anchor", "positive", "text", "sentence1", "sentence2") if (text := row.get(name))]


def whole(row: dict[str, Any]) -> dict[str, Any]:
    """The row that it was made of."""
    return {**{name: value for name, value in row.items() if name != "original"}, **row.get("original", {})}


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_rows_of_every_shape_get_others_beside_them_and_nothing_else_changes(tmp_path: Path, example: Example) -> None:
    rows = random.Random(0).sample(example.rows(), min(500, len(example.rows())))
    world, before, after = augmented(tmp_path, example, rows, ratio=0.7, **methods_for(example))
    made, report = added(before, after), after.report.augment
    assert report is not None
    assert before.report.augment is None
    assert len(made) == report.rows == after.facts.augmented_rows == sum(report.made.values()) > 0.3 * len(before.train)
    assert [row for row in after.train if row in before.train] == before.train
    assert report.rows + sum(report.dropped.values()) == pytest.approx(0.7 * len(before.train), rel=0.2)
    assert all(report.made.values())
    assert after.validation == before.validation
    assert after.facts.exam == before.facts.exam
    assert world.progress[-1].startswith(f"{len(after.train)} {example.shape} to train on ({report.rows} made by augmentation)")

    exam = exam_of(world)
    held_out = {plain(entry["text"]) for name in ("queries", "corpus") for entry in exam[name]}
    held_out |= {plain(pair[name]) for pair in exam["pairs"] for name in ("sentence1", "sentence2")}
    held_out |= {plain(text) for row in before.validation for text in texts_of(row)}
    there = {text for row in before.train for text in texts_of(row)}
    for row in made:
        new = [text for text in texts_of(row) if text not in there]
        assert len(new) == 1
        assert plain(new[0]) not in held_out
    assert all(whole(row) in before.train for row in made), "all that is not changed is that of the row it was made of"


def test_no_text_is_made_twice_or_again(tmp_path: Path) -> None:
    _, before, after = augmented(
        tmp_path, EXAMPLES["pairs: parallel texts"], EXAMPLES["pairs: parallel texts"].rows(), methods=["RandomDeletion"], ratio=4
    )
    report = after.report.augment
    assert report
    anchors = [plain(row["anchor"]) for row in added(before, after)]
    assert len(set(anchors)) == len(anchors)
    assert not set(anchors) & {plain(row["anchor"]) for row in before.train}
    assert report.dropped["known"] > 0


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_the_order_of_the_source_leaves_no_trace(tmp_path: Path, example: Example) -> None:
    rows = example.rows()[:300]
    ends = []
    for number, order in enumerate((rows, random.Random(1).sample(rows, len(rows)))):
        after = prepared(world_of(tmp_path / str(number), order), example, ratio=1.5, **methods_for(example))
        assert after.report.augment
        ends.append((*after.bytes_of(after.places.train_rows, after.places.fingerprints), after.report.augment))
    assert ends[0] == ends[1]


def test_a_row_becomes_the_same_rows_whatever_stands_beside_it(tmp_path: Path) -> None:
    example = EXAMPLES["pairs: questions and answers"]
    made: list[list[dict[str, Any]]] = []
    for count in (200, 400):
        _, before, after = augmented(tmp_path / str(count), example, example.rows()[:count], methods=["Typos"], ratio=2)
        made.append([row for row in added(before, after) if whole(row) in before.train])
    few, more = made
    same = [row for row in few if row in more]
    assert len(same) > 0.95 * len(few)


def test_copies_of_a_row_are_changed_each_in_its_own_way(tmp_path: Path) -> None:
    """Small classes that are balanced by copies get new texts."""
    rows = [
        {"anchor": pair["anchor"], "positive": pair["positive"], "topic": "few" if n < 20 else "many"}
        for n, pair in enumerate(some_pairs())
    ]
    write_jsonl(tmp_path / "rows.jsonl", rows)
    columns = {"anchor": "anchor", "positive": "positive", "label": "topic"}
    balance = {"method": "Oversample"}
    world = World(tmp_path)
    done = world.prepare(world.request("rows.jsonl", columns=columns, balance=balance, augment={"methods": ["Typos"]}))
    few = [row for row in done.train if row["label"] == "few" and "original" in row]
    copied = [row for row in done.train if row["label"] == "few" and "original" not in row]
    assert len(copied) > 3 * len({row["anchor"] for row in copied})
    assert len({row["anchor"] for row in few}) == len(few) > 2 * len({row["anchor"] for row in copied})


def test_both_sides_are_changed_where_both_are_named_and_the_original_is_told(tmp_path: Path) -> None:
    example = EXAMPLES["pairs: questions and answers"]
    _, before, after = augmented(
        tmp_path, example, example.rows()[:300], methods=["RandomDeletion"], columns=["positive", "anchor"], share=0.2
    )
    made = added(before, after)
    assert made
    for row in made:
        assert {**row["original"], "group": row["group"]} in before.train
        assert row["anchor"] != row["original"]["anchor"]
        assert row["positive"] != row["original"]["positive"]


def test_one_side_stays_where_the_other_is_named(tmp_path: Path) -> None:
    example = EXAMPLES["pairs: questions and answers"]
    _, before, after = augmented(tmp_path, example, example.rows()[:300], methods=["Typos"], columns=["positive"])
    made = added(before, after)
    assert made
    assert all(row["anchor"] == row["original"]["anchor"] and row["positive"] != row["original"]["positive"] for row in made)


def test_another_seed_and_another_ratio_make_others(tmp_path: Path) -> None:
    example = EXAMPLES["pairs: questions and answers"]
    counts, made = [], []
    for number, (ratio, seed) in enumerate([(0.25, 0), (1, 0), (2.5, 0), (1, 1)]):
        _, before, after = augmented(
            tmp_path / str(number), example, example.rows()[:300], methods=["Typos"], ratio=ratio, seed=seed
        )
        counts.append(len(added(before, after)) / len(before.train))
        made.append(added(before, after))
    assert counts[:3] == pytest.approx([0.25, 1, 2.5], rel=0.25)
    assert made[1] != made[3]


def test_a_text_that_is_held_out_is_never_made(tmp_path: Path) -> None:
    """Of each two texts that differ in one word alone, a synonym makes the other: none that is held out comes of it."""
    pairs = [
        {"anchor": f"{word} {pair['anchor']}", "positive": pair["positive"]}
        for pair in some_pairs()
        for word in ("show", "present")
    ]
    (tmp_path / "both.tsv").write_text("word\tsynonyms\nshow\tpresent\npresent\tshow\n", encoding="utf-8")
    write_jsonl(tmp_path / "rows.jsonl", pairs)
    world = World(tmp_path)
    augment = {"methods": ["SynonymReplacement"], "synonyms": {"uri": "both.tsv"}}
    done = world.prepare(world.request("rows.jsonl", checks={"leakage": "Ignore"}, augment=augment))
    report = done.report.augment
    assert report
    train, validation = ({plain(row["anchor"]) for row in side} for side in (done.train, done.validation))
    asked = {plain(query["text"]) for query in exam_of(world)["queries"]}
    other = {
        plain(f"{a} {pair['anchor']}"): plain(f"{b} {pair['anchor']}")
        for pair in some_pairs()
        for a, b in itertools.permutations(("show", "present"))
    }
    assert report.rows == 0
    assert report.dropped == {
        "heldOut": sum(other[text] in asked | validation for text in train),
        "known": sum(other[text] in train for text in train),
    }
    assert min(report.dropped.values()) > 0


def test_what_could_not_be_made_is_counted(tmp_path: Path) -> None:
    example = Example(
        lambda: [{"text": text, "category": label} for text, label in banking77_texts()[:300]],
        {"text": "text", "label": "category"},
        ("text",),
        "pairs",
    )
    _, before, after = augmented(
        tmp_path, example, example.rows(), methods=["SynonymReplacement"], synonyms=SYNONYM_FILE, columns=["text"]
    )
    report = after.report.augment
    assert report
    assert report.dropped["unchanged"] + report.dropped["known"] + report.rows + report.dropped.get("heldOut", 0) == len(
        before.train
    )
    assert report.synonyms
    assert [example.method for example in report.examples] == ["SynonymReplacement"] * 2
    for shown in report.examples:
        assert shown.column == "text"
        assert shown.before != shown.after


@pytest.mark.parametrize(
    ("normalizer", "told"),
    [
        ("null", False),
        ('{"type": "BertNormalizer", "lowercase": true}', True),
        ('{"type": "BertNormalizer", "lowercase": false}', False),
        ('{"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Lowercase"}]}', True),
        ('{"type": "NFKC"}', False),
    ],
    ids=["none", "BERT, uncased", "BERT, cased", "a sequence", "another"],
)
def test_casing_that_the_base_does_not_see_is_told(tmp_path: Path, normalizer: str, told: bool) -> None:
    world = World(tmp_path)
    (tmp_path / "base" / "tokenizer.json").write_text(f'{{"normalizer": {normalizer}}}', encoding="utf-8")
    write_jsonl(tmp_path / "rows.jsonl", some_pairs())
    done = world.prepare(world.request("rows.jsonl", augment={"methods": ["Casing"]}))
    assert done.report.augment
    findings = [finding.rows for finding in done.report.findings if finding.check == "augment/casing"]
    assert findings == ([done.report.augment.rows] if told else [])


def test_synonyms_that_are_not_there_are_told_before_an_exam_is_frozen(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "rows.jsonl", some_pairs())
    world = World(tmp_path)
    augment = {"methods": ["SynonymReplacement"], "synonyms": {"uri": "none.tsv"}}
    with pytest.raises(InvalidInput, match=r"data\.augment\.synonyms\.uri: there is no file .*none\.tsv"):
        world.prepare(world.request("rows.jsonl", augment=augment))
    assert not world.store.exists("team/search/exams/line.json")


def test_answers_of_a_row_are_no_negatives_of_what_was_made_of_it_nor_the_other_way_round() -> None:
    from embtune_trainer.train.objectives import make_objective
    from embtune_trainer.train.objectives.pairs import Ranking

    records: list[dict[str, Any]] = [
        {"anchor": "how do I pay", "positive": "by card"},
        {"anchor": "how do I pay", "positive": "in cash"},
        {"anchor": "hwo do I pay", "positive": "by crad", "original": {"anchor": "how do I pay", "positive": "by card"}},
        {"anchor": "how do pay", "positive": "in cash", "original": {"anchor": "how do I pay", "positive": "in cash"}},
        {"anchor": "where is it", "positive": "at home"},
    ]
    objective = make_objective(records, Loss(name="MultipleNegativesRanking"))
    assert isinstance(objective, Ranking)
    known = objective.known.mask(np.arange(5))
    assert known[:4, :4].all()
    assert not known[:4, 4].any()
    assert not known[4, :4].any()
