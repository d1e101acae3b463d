"""The ledger of a stratified split: two jobs at once agree on every group, a dead one is continued, a damaged one noticed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from embtune_api.digest import digest_of
from embtune_api.documents.exam import LedgerEntry
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.keys import LedgerKeys, LineKeys
from embtune_api.split import Split
from embtune_store import Store
from embtune_trainer.prepare.ledger import Ledger, read_ledger, remember
from embtune_trainer.prepare.stratify import group_key
from unit.trainer.prepare_world import Prepared, World, exam_of, some_pairs, write_jsonl

SPLIT = {"method": "Stratified", "stratifyBy": "topic", "groupBy": "g", "test": 0.25, "seed": 5}
LINE = LineKeys("team", "search")


def keys_of(seed: int = 5) -> LedgerKeys:
    return LINE.ledger(digest_of({"group_by": "g", "seed": seed}))


def ledger_of(world: World, seed: int = 5) -> list[LedgerEntry]:
    """Its entries, read without embtune's own reader."""
    found = {stored.key: world.store.get(stored.key) for stored in world.store.list(f"{LINE.root}/splits")}
    numbered = [found.pop(keys_of(seed).entry(number), None) for number in range(1, 9)]
    return [LedgerEntry.model_validate_json(data) for data in numbered if data is not None]


def sides_of(entries: list[LedgerEntry]) -> dict[str, str]:
    named = [(key, side) for entry in entries for side in ("train", "validation", "test") for key in getattr(entry, side)]
    assert len(named) == len(dict(named)), "a group has two sides"
    return dict(named)


def topics(start: int, stop: int) -> list[dict[str, Any]]:
    return [{**pair, "topic": f"topic {number % 4}"} for number, pair in enumerate(some_pairs())][start:stop]


def held_out(world: World) -> set[str]:
    return {group for query in exam_of(world)["queries"] for group in query["groups"]}


def test_later_jobs_append_and_move_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", topics(0, 60))
    write_jsonl(tmp_path / "b.jsonl", topics(0, 120))
    first = world.prepare(world.request("a.jsonl", split=SPLIT))
    [entry] = ledger_of(world)
    assert {group_key(group) for group in held_out(world)} == set(entry.test)
    second = world.prepare(world.request("b.jsonl", job="two", split={**SPLIT, "test": 0.4}))
    assert ledger_of(world)[0] == entry
    [_, added] = ledger_of(world)
    assert (added.previous, added.job_uid) == (entry.digest, "uid-two")
    sides = sides_of([entry, added])
    assert set(sides) == {group_key(row["g"]) for row in topics(0, 120)}
    for prepared in (first, second):
        for name, rows in (("train", prepared.train), ("validation", prepared.validation)):
            assert {sides[group_key(row["group"])] for row in rows} == {name}
    third = world.prepare(world.request("b.jsonl", job="three", split=SPLIT))
    assert len(ledger_of(world)) == 2, "nothing is new"
    assert third.report.split.placing == second.report.split.placing != first.report.split.placing
    assert third.bytes_of(third.places.train_rows) == second.bytes_of(second.places.train_rows)


def test_another_seed_divides_anew(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", topics(0, 120))
    world.prepare(world.request("a.jsonl", split=SPLIT))
    world.prepare(world.request("a.jsonl", job="two", split={**SPLIT, "seed": 6}))
    one, other = sides_of(ledger_of(world)), sides_of(ledger_of(world, seed=6))
    assert one.keys() == other.keys()
    assert one != other


@pytest.mark.parametrize("rival_freezes", [True, False], ids=["and freezes its exam", "and is slow to freeze its exam"])
def test_another_job_that_writes_first_is_followed(tmp_path: Path, rival_freezes: bool) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", topics(0, 90))
    write_jsonl(tmp_path / "b.jsonl", topics(30, 120))
    store = world.store

    def rival() -> None:
        there = World(tmp_path, store)
        request = there.request("b.jsonl", job="rival", split=SPLIT)
        there.store = store if rival_freezes else _DiesAfterEntry(store)
        try:
            there.prepare(request)
        except Killed:
            there.store = store

    world.store = _JustBeforeTheEntry(store, rival)
    mine = world.prepare(world.request("a.jsonl", split=SPLIT))
    world.store = store
    assert mine.report.exam_frozen_by_this_job != rival_freezes
    theirs = world.prepare(world.request("b.jsonl", job="rival", split=SPLIT))
    entries = ledger_of(world)
    assert [entry.job_uid for entry in entries] == ["uid-rival", "uid-one"]
    sides = sides_of(entries)
    for prepared in (mine, theirs):
        for name, rows in (("train", prepared.train), ("validation", prepared.validation)):
            assert {sides[group_key(row["group"])] for row in rows} == {name}
    assert mine.facts.exam == theirs.facts.exam
    assert {sides[group_key(group)] for group in held_out(world)} == {"test"}


def test_one_step_on_two_machines_writes_one_entry(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", topics(0, 120))
    store, request = world.store, world.request("a.jsonl", split=SPLIT)
    results: list[Prepared] = []
    world.store = _JustBeforeTheEntry(store, lambda: results.append(World(tmp_path, store).prepare(request)))
    results.append(world.prepare(request))
    assert len(ledger_of(world)) == 1
    assert results[0].manifest == results[1].manifest


def test_a_job_that_is_refused_leaves_no_entry(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", topics(0, 120))
    for refused in ({"base": {"uri": "nowhere"}}, {"checks": {"minRows": 121}}):
        with pytest.raises(InvalidInput):
            world.prepare(world.request("a.jsonl", split=SPLIT, **refused))
        assert ledger_of(world) == []


@pytest.mark.parametrize(("damage", "told"), [("changed", "2.json was not written after"), ("lost", "1.json is missing, though")])
def test_a_damaged_entry_is_noticed_before_it_moves_a_row(tmp_path: Path, damage: str, told: str) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", topics(0, 60))
    write_jsonl(tmp_path / "b.jsonl", topics(0, 120))
    world.prepare(world.request("a.jsonl", split=SPLIT))
    world.prepare(world.request("b.jsonl", job="two", split=SPLIT))
    first = keys_of().entry(1)
    entry = json.loads(world.store.get(first))
    if damage == "changed":
        world.store.put(first, json.dumps({**entry, "train": [], "test": entry["test"] + entry["train"]}).encode())
    else:
        world.store.delete(first)
    with pytest.raises(Tampered, match=rf"^team/search/splits/\w+/{told} .* Restore .* from a backup"):
        world.prepare(world.request("b.jsonl", job="three", split=SPLIT))


def test_only_the_first_of_two_writers_of_one_entry_writes(tmp_path: Path) -> None:
    store = World(tmp_path).store
    empty = Ledger(keys_of(), {})
    assert remember(store, empty, {"a": "test", "b": "train"}, "one")
    assert not remember(store, empty, {"b": "test"}, "two")
    ledger = read_ledger(store, LINE, Split.model_validate(SPLIT))
    assert ledger.sides == {group_key("a"): "test", group_key("b"): "train"}
    assert remember(store, ledger, {"b": "train"}, "two"), "there is nothing to write"
    assert ledger.entries == 1


class Killed(BaseException):
    """The process is gone."""


class _Wrapped:
    def __init__(self, store: Store) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


class _DiesAfterEntry(_Wrapped):
    """A real store whose process is killed right after it has written into a ledger."""

    def create(self, key: str, data: bytes) -> bool:
        created = self._store.create(key, data)
        if "/splits/" in key:
            raise Killed
        return created


class _JustBeforeTheEntry(_Wrapped):
    """A real store in which somebody else is at work just before this process writes into the ledger."""

    def __init__(self, store: Store, rival: Callable[[], None]) -> None:
        super().__init__(store)
        self._rival: Callable[[], None] | None = rival

    def create(self, key: str, data: bytes) -> bool:
        if "/splits/" in key and self._rival:
            rival, self._rival = self._rival, None
            rival()
        return self._store.create(key, data)
