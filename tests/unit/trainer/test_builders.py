"""Builders: what labelled texts and categories become, counted again without embtune's own code."""

from collections import Counter, defaultdict
from math import comb
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embtune_api.build import Build
from embtune_api.errors import InvalidInput
from embtune_trainer.prepare.builders import build
from embtune_trainer.prepare.builders.labelled import in_class_pairs
from embtune_trainer.prepare.rows import Row, make_row
from support.shapes import EXAMPLES, banking77
from unit.trainer.prepare_world import World, some_pairs, write_jsonl


def texts_of(*labels: str) -> list[Row]:
    """One text for each label given."""
    return [make_row(f"text {n}", "", label, None, "a", n, shape="labelled texts") for n, label in enumerate(labels, 1)]


def real_texts(most: int = 1000) -> list[Row]:
    rows = enumerate(banking77(most), 2)
    return [make_row(row["text"], "", row["category"], None, "a", n, shape="labelled texts") for n, row in rows]


def questions() -> list[Row]:
    rows = enumerate(EXAMPLES["pairs: questions and answers"].rows(), 1)
    return [make_row(row["question"], row["answer"], None, None, "a", n, category=row["qtype"]) for n, row in rows]


def test_pairs_hold_two_texts_of_one_label_and_no_two_texts_twice() -> None:
    texts = real_texts()
    label = {row.anchor: row.label for row in texts}
    found = in_class_pairs(texts, Build(pairs_per_text=3))
    made = found.pairs
    assert all(label[row.anchor] == label[row.positive] == row.label == row.record["label"] for row in made)
    assert all(row.anchor != row.positive for row in made)
    assert len({frozenset((row.query, row.answer)) for row in made}) == len(made)
    assert max(Counter(row.anchor for row in made).values()) == 3
    used = Counter(text for row in made for text in (row.anchor, row.positive))
    assert set(used) == {row.anchor for row in texts} - {row.anchor for row in found.alone}, "every text is used"
    assert max(used.values()) == 6


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=40), st.integers(1, 6), st.integers(1, 30))
def test_what_is_left_out_is_counted(labels: list[str], per_text: int, per_label: int) -> None:
    sizes = Counter(labels).values()
    made = in_class_pairs(texts_of(*labels), Build(pairs_per_text=per_text, pairs_per_label=per_label))
    assert made.possible == sum(comb(size, 2) for size in sizes)
    assert len(made.pairs) == sum(min(comb(size, 2), per_text * size, per_label) for size in sizes)
    assert len(made.alone) == sum(size == 1 for size in sizes)


def test_caps_and_lonely_texts_are_told() -> None:
    built = build(texts_of(*"aaaaabbbcd"), [], Build(pairs_per_text=1, pairs_per_label=4))
    assert [(finding.check, finding.rows) for finding in built.findings] == [("build/alone", 2), ("build/capped", 6)]
    assert sorted(built.findings[0].examples) == ["a:10: text 10 → d", "a:9: text 9 → c"]
    assert (
        "of the 13 that could be made: 7 are, at most 1 that begin with one text and 4 of one label" in built.findings[1].message
    )


def test_nothing_is_left_out_where_everything_is_made() -> None:
    assert build(texts_of(*"aaabbb"), [], Build()).findings == []


def test_the_negative_of_a_triplet_never_has_the_label() -> None:
    texts = real_texts()
    twice = [*texts, *(make_row(row.anchor, "", "other", None, "b", 1, shape="labelled texts") for row in texts[:200])]
    labels = defaultdict(set)
    for row in twice:
        labels[row.anchor].add(row.label)
    built = build(twice, [], Build(labelled_texts="Triplets"))
    assert built.shape == "triplets"
    assert len(built.train) > 1000
    for row in built.train:
        (negative,) = row.negatives
        assert row.label not in labels[negative]
    assert len({row.negatives for row in built.train}) > 700, "they are not always the same"


def test_triplets_need_two_labels() -> None:
    with pytest.raises(
        InvalidInput, match=r"data\.build: 0 rows can be made .* 6 rows are left out: there is no text of another"
    ):
        build(texts_of(*"aaaa"), [], Build(labelled_texts="Triplets"))


def test_negatives_of_the_same_category_are_wrong_answers_of_it() -> None:
    rows = questions()
    right, category = defaultdict(set), defaultdict(set)
    for row in rows:
        right[row.query].add(row.answer)
        category[row.positive].add(row.category)
    built = build(rows, [], Build(negatives="SameCategory", negatives_per_pair=2))
    assert built.shape == "pairs"
    given = {row.anchor: row.negatives for row in built.train}
    assert sum(len(negatives) for negatives in given.values()) > 1.8 * len(given)
    for row in built.train:
        assert len(set(row.negatives)) == len(row.negatives)
        for negative in row.negatives:
            assert row.category in category[negative]
            assert make_row(negative, "", None, None, "", 1).query not in right[row.query]


def test_answers_that_share_a_label_are_no_negatives() -> None:
    rows = [make_row(f"q{n}", f"a{n}", f"label {n % 2}", None, "a", n, category="c") for n in range(6)]
    for row in build(rows, [], Build(negatives="SameCategory", negatives_per_pair=16)).train:
        assert {int(negative[1:]) % 2 for negative in row.negatives} == {1 - int(row.anchor[1:]) % 2}
        assert len(row.negatives) == 3


def test_a_pair_that_is_alone_in_its_category_is_told_and_kept() -> None:
    rows = [make_row("q", "a", None, None, "a", 1, category="lonely"), *questions()[:50]]
    built = build(rows, [], Build(negatives="SameCategory"))
    finding = next(finding for finding in built.findings if finding.check == "build/no-negative")
    assert "a:1: q (category lonely)" in finding.examples
    assert len(built.train) == len(rows)


@pytest.mark.parametrize(("no", "yes"), [("0", "1"), ("false", "true"), (0, 1), (False, True), (0.0, 1.0)])
def test_pairs_that_are_judged_wrong_are_not_learnt_as_right(tmp_path: Path, no: Any, yes: Any) -> None:
    world = World(tmp_path)
    rows = [{**pair, "clicked": yes if n % 3 else no} for n, pair in enumerate(some_pairs())]
    write_jsonl(tmp_path / "clicks.jsonl", rows)
    columns = {"anchor": "anchor", "positive": "positive", "label": "clicked"}
    with pytest.raises(InvalidInput, match=r"look like judgements, .* Map sentence1, sentence2 and score"):
        world.prepare(world.request("clicks.jsonl", columns=columns))
    assert not world.store.exists("team/search/exams/line.json")
    columns = {"sentence1": "anchor", "sentence2": "positive", "score": "clicked"}
    assert world.prepare(world.request("clicks.jsonl", columns=columns)).facts.shape == "0/1 pairs"


def test_labels_that_are_numbers_are_labels() -> None:
    rows = [make_row(f"q{n}", f"a{n}", str(n % 3), None, "a", n) for n in range(6)]
    assert build(rows, [], Build()).train == rows


def test_another_seed_makes_other_pairs() -> None:
    made = [{(row.query, row.answer) for row in build(real_texts(300), [], Build(seed=seed)).train} for seed in (0, 0, 1)]
    assert made[0] == made[1] != made[2]
