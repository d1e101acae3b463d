"""Pairs from a corpus without a model: what is read of it, what filters drop, what a journal keeps."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from embtune_api.errors import InvalidInput
from embtune_api.synthesis import Tokens
from embtune_store import open_store
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.synthesize.corpus import Item, Texts, read_texts
from embtune_trainer.synthesize.filters import Limits, filtered
from embtune_trainer.synthesize.journal import Entry, Pair, open_journal
from embtune_trainer.synthesize.replies import queries_of

LIMITS = Limits(min_characters=8, min_score=0.8, several_answers=False)
ROWS: list[dict[str, Any]] = [
    {"id": 7, "text": "Reset the password in the settings."},
    {"id": 8, "text": "reset the PASSWORD, in the settings!"},
    {"id": 9, "text": "  "},
    {"id": None, "text": "Ask the desk for a key."},
    {"id": "b", "text": "Ferries leave at noon."},
]


def read(folder: Path, rows: list[dict[str, Any]], text: str = "text", name: str | None = "id") -> Texts:
    (folder / "docs.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return read_texts("docs.jsonl", [], text, name, folder, Outside(open_store("memory://")), "CORPUS")


def test_a_corpus_is_read_alike_in_any_order_and_each_text_once(tmp_path: Path) -> None:
    found = read(tmp_path, ROWS)
    assert found.left_out == {"blank": 1, "repeated": 1}
    assert len(found.items) == 3
    names = {item.name for item in found.items}
    assert "b" in names
    assert len(names & {"7", "8"}) == 1
    assert [item.name for item in found.items if item.text.startswith("Ask")] == [
        item.digest for item in found.items if item.text.startswith("Ask")
    ]
    for seed in range(5):
        again = read(tmp_path, random.Random(seed).sample(ROWS, len(ROWS)))
        assert again == found
        assert again.some(2, seed) == found.some(3, seed)[:2]
    assert {tuple(found.some(1, seed)) for seed in range(20)} == {(item,) for item in found.items}


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        pytest.param({"text": "body"}, "docs.jsonl: no column body. The file has id, text", id="no such column"),
        pytest.param({"name": "key"}, "docs.jsonl: no column key", id="no such name"),
        pytest.param({"text": "id", "name": None}, "no row has a text in column 'id'", id="no texts"),
    ],
)
def test_a_column_that_is_not_there(tmp_path: Path, columns: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(tmp_path, [{"id": 7, "text": "Reset it."}], **columns)
    assert says in str(refused.value)


def test_half_a_character_is_told_with_its_row(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"docs\.jsonl:2: broken row"):
        read(tmp_path, [{"id": 7, "text": "Reset it."}, {"id": 8, "text": "\ud800 what"}])


PASSAGE = "To reset the password, open the settings and choose a new one that nobody else knows."


@pytest.mark.parametrize(
    ("query", "score", "fault"),
    [
        ("how do I reset it", 0.81, None),
        ("how do I reset it", 0.8, "score"),
        ("how do I reset it", None, None),
        ("reset??", 0.9, "short"),
        (PASSAGE.upper() + "!!", 0.9, "copied"),
        ("open the settings and choose a new one that", 0.9, "copied"),
        ("open the settings and choose", 0.9, None),
    ],
)
def test_each_filter(query: str, score: float | None, fault: str | None) -> None:
    passage = Item(PASSAGE, "a" * 16, "a")
    found = filtered([Entry("a" * 16, (Pair(query, "a" * 16, score),))], {passage.digest: passage}, LIMITS)
    assert dict(found.dropped) == ({fault: 1} if fault else {})
    assert len(found.kept) == (fault is None)


@pytest.mark.parametrize("several", [False, True], ids=["written queries", "queries of people"])
def test_of_equal_queries_the_best_stays_whatever_comes_first(several: bool) -> None:
    passages = {name: Item(f"passage {name} of the handbook", name, name) for name in "abc"}
    pairs = [
        Pair("How to reset?", "a", 0.85),
        Pair("how to RESET", "b", 0.95),
        Pair("how to reset!", "b", 0.9),
        Pair("how to reset", "c", 0.2),
        Pair("of another corpus", "z", 0.9),
    ]
    limits = Limits(min_characters=8, min_score=0.8, several_answers=several)
    for seed in range(10):
        shuffled = random.Random(seed).sample(pairs, len(pairs))
        found = filtered([Entry("x", tuple(shuffled[:2])), Entry("y", tuple(shuffled[2:]))], passages, limits)
        kept = [(pair.query, passage.name) for pair, passage in found.kept]
        assert kept == ([("How to reset?", "a"), ("how to RESET", "b")] if several else [("how to RESET", "b")])
        assert found.dropped == {"repeated": 1 if several else 2, "score": 1}
        assert found.pairs == 4


SETTINGS = {"model": "m", "seed": 1}


def entry(name: str) -> Entry:
    return Entry(name, (Pair(f"query\u2028 {name}", name, 0.5),), Tokens(read=3, written=2))


def test_a_journal_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    with open_journal(out, SETTINGS) as journal:
        journal.add([entry("a"), entry("b")])
        journal.add([entry("c")])
    whole = (tmp_path / "pairs.jsonl.journal").read_bytes()
    for size in range(whole.rindex(b"\n", 0, -1) + 1, len(whole)):
        (tmp_path / "pairs.jsonl.journal").write_bytes(whole[:size])
        with open_journal(out, SETTINGS) as journal:
            assert journal.entries == {"a": entry("a"), "b": entry("b")}
            journal.add([entry("c")])
        assert (tmp_path / "pairs.jsonl.journal").read_bytes() == whole


def test_a_journal_of_other_settings_says_which(tmp_path: Path) -> None:
    with open_journal(tmp_path / "pairs.jsonl", SETTINGS):
        pass
    with (
        pytest.raises(InvalidInput, match="begun with another seed, and one file"),
        open_journal(tmp_path / "pairs.jsonl", {**SETTINGS, "seed": 2}),
    ):
        pass


def test_a_file_that_people_changed_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "pairs.jsonl"
    with open_journal(out, SETTINGS) as journal:
        journal.write_out([{"query": "a"}])
        journal.write_out([{"query": "b"}])
    with open_journal(out, SETTINGS) as journal:
        journal.write_out([{"query": "c"}])
        out.write_text("mine", encoding="utf-8")
        with pytest.raises(InvalidInput, match="the file is there already"):
            journal.write_out([{"query": "d"}])
    with pytest.raises(InvalidInput, match="the file is there already"), open_journal(out, SETTINGS):
        pass
    assert out.read_text(encoding="utf-8") == "mine"
    docs = tmp_path / "docs.txt"
    docs.write_text("mine", encoding="utf-8")
    with pytest.raises(InvalidInput, match="the file is there already"), open_journal(docs, SETTINGS):
        pass
    assert sorted(file.name for file in tmp_path.iterdir()) == ["docs.txt", "pairs.jsonl", "pairs.jsonl.journal"]


def test_two_runs_do_not_write_one_file(tmp_path: Path) -> None:
    with (
        open_journal(tmp_path / "pairs.jsonl", SETTINGS),
        pytest.raises(InvalidInput, match="another run is writing it"),
        open_journal(tmp_path / "pairs.jsonl", SETTINGS),
    ):
        pass


@pytest.mark.parametrize(
    ("reply", "queries"),
    [
        ("how to reset\nwhere is the key", ["how to reset", "where is the key"]),
        ('Here you are:\n\n1. How to reset?\n2) "Where is the key"\n', ["How to reset?", "Where is the key"]),
        ("- „Wie geht das“\n* **wo ist das**", ["Wie geht das", "wo ist das"]),
        ("<think>a query\nanother</think>\nhow to reset", ["how to reset"]),
        ("<think>a query that never", []),
        ("```\nQ1: how to reset\nQuery 2: where\n```", ["how to reset", "where"]),
        ("2024 tax form\n1.5 inch screws", ["2024 tax form", "1.5 inch screws"]),
        ("", []),
    ],
)
def test_queries_in_a_reply(reply: str, queries: list[str]) -> None:
    assert queries_of(reply, 5, cut_off=False) == queries
    assert queries_of(reply, 1, cut_off=False) == queries[:1]


def test_the_last_line_of_a_reply_that_was_cut_off_is_no_query() -> None:
    assert queries_of("how to reset\nwhere is the", 5, cut_off=True) == ["how to reset"]
