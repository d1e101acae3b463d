"""What a line keeps of its data: each file once, as it was read or trained on, and named by the lineage."""

import json
from hashlib import sha256
from pathlib import Path

import pytest

from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_store.folders import read_verified
from support.dying import DiesAfter, Killed
from unit.trainer.prepare_world import World, some_pairs, write_jsonl

LINE = LineKeys("team", "search")


def kept(world: World) -> dict[str, bytes]:
    """Name → bytes."""
    root = f"{LINE.root}/data"
    return {stored.key.removeprefix(f"{root}/"): world.store.get(stored.key) for stored in world.store.list(root)}


def test_sources_and_the_rows_to_train_on_are_kept_under_their_digests(tmp_path: Path) -> None:
    world = World(tmp_path)
    sources = {name: write_jsonl(tmp_path / name, some_pairs()[half::2]) for half, name in enumerate(("a.jsonl", "b.jsonl"))}
    prepared = world.prepare(world.request(*sources, archive=True))
    found = kept(world)
    assert all(sha256(data).hexdigest() == name for name, data in found.items())
    assert set(found.values()) == {*(path.read_bytes() for path in sources.values()), world.store.get(prepared.facts.train.key)}
    for source in prepared.facts.sources:
        assert source.archived == LINE.archive(source.sha256)
        assert world.store.get(source.archived) == sources[source.uri].read_bytes()
    assert prepared.facts.archived_train
    assert read_verified(world.store, prepared.facts.archived_train) == world.store.get(prepared.facts.train.key)
    assert "/jobs/" not in prepared.facts.archived_train.key, "scratch is deleted"


def test_what_two_jobs_read_is_kept_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    world.prepare(world.request("a.jsonl", archive=True))
    once = kept(world)
    world.prepare(world.request("a.jsonl", job="two", archive=True))
    assert kept(world) == once


def test_nothing_is_kept_unasked(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    prepared = world.prepare(world.request("a.jsonl"))
    assert kept(world) == {}
    assert prepared.facts.archived_train is None
    assert [source.archived for source in prepared.facts.sources] == [None]


def test_a_file_that_cannot_be_read_is_not_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", [{"question": "x", "answer": "y"}])
    with pytest.raises(InvalidInput, match="no column"):
        world.prepare(world.request("a.jsonl", archive=True))
    assert kept(world) == {}


def test_killed_after_any_write_the_same_is_kept(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    undisturbed = World(tmp_path)
    expected = undisturbed.prepare(undisturbed.request("a.jsonl", archive=True))
    writes = 0
    while True:
        writes += 1
        world = World(tmp_path)
        world.store, patient = DiesAfter(world.store, writes), world.store
        try:
            world.prepare(world.request("a.jsonl", archive=True))
        except Killed:
            world.store = patient
            again = world.prepare(world.request("a.jsonl", archive=True))
            assert (again.facts, again.manifest.digest) == (expected.facts, expected.manifest.digest)
            assert kept(world) == kept(undisturbed)
        else:
            break
    assert writes > 17


def test_a_lineage_is_json_that_names_the_copies(tmp_path: Path) -> None:
    world = World(tmp_path)
    write_jsonl(tmp_path / "a.jsonl", some_pairs())
    prepared = world.prepare(world.request("a.jsonl", archive=True))
    facts = json.loads(world.store.get(prepared.places.resolved))
    assert facts["archived_train"]["key"] in {LINE.archive(name) for name in kept(world)}
