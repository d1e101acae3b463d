"""Whose rows a job replays is frozen before its first step, and stays so: whoever dies, and whatever comes into production."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import pytest

from embtune_api.digest import sha256_hex
from embtune_api.keys import LineKeys
from embtune_api.replayed import Replayed
from embtune_api.requests import PrepareRequest
from embtune_operator.pipeline.step_requests import job_keys
from embtune_operator.registry.history import read_history
from embtune_operator.registry.release import promote
from embtune_store import documents
from factories import NOON, a_file, a_job, minutes, publish_version, transitions
from support.dying import Killed
from support.failing import Faults, failing_cluster, failing_store
from support.pipeline_world import EASY, LINE, World, outcome

if TYPE_CHECKING:
    from embtune_api.documents.files import StoredFile
    from embtune_store import Store

BLOG = LineKeys("search", "blog")
SEEDS = range(12)


def rows_of(line: LineKeys, number: int) -> StoredFile:
    data = f"rows of {number}".encode()
    return a_file(line.archive(sha256_hex(data)), data)


def with_version(store: Store, number: int, line: LineKeys = LINE, *, kept: bool = True, production: bool = True) -> None:
    publish_version(store, line, number, archived_train=rows_of(line, number) if kept else None)
    if production:
        promote(store, line, number, "", NOON)


def a_world(replay: dict[str, Any] | None = None) -> World:
    world = World(a_job(EASY, data={"replay": replay or {}}))
    world.trainer.queries = 60
    return world


def frozen(world: World) -> Replayed | None:
    return documents.read(world.trainer.store, job_keys(world.job).replay, Replayed)


def asked(world: World) -> list[Replayed | None]:
    """What every `prepare` was told to replay."""
    return [r.replayed for r in world.memory_cluster.requests.values() if isinstance(r, PrepareRequest)]


def test_what_is_in_production_is_replayed_even_when_another_is_by_the_time_it_is_read() -> None:
    world = a_world()
    with_version(world.store, 1)
    world.look()
    with_version(world.store, 2)
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")
    [told] = asked(world)
    assert told == frozen(world)
    assert told
    assert (told.name, told.rows) == ("shop@1", rows_of(LINE, 1))
    assert transitions(read_history(world.store, LINE))[-1] == (3, "Promote", 2, 3), "the champion is another matter"


def test_a_line_with_nothing_in_production_begins_without() -> None:
    world = a_world()
    with_version(world.store, 1, production=False)
    world.run()
    assert asked(world) == [Replayed(model="shop")]
    assert outcome(world) == ("Succeeded", "Passed", "Production")


def test_a_champion_whose_rows_were_not_kept_is_not_replayed() -> None:
    world = a_world()
    with_version(world.store, 1, kept=False)
    world.run()
    [told] = asked(world)
    assert told
    assert (told.name, told.rows, told.why_nothing) == ("shop@1", None, "the rows that shop@1 was trained on were not kept")
    assert outcome(world)[0] == "Succeeded"


@pytest.mark.parametrize("ref", ["production", "1"])
def test_a_version_of_another_line(ref: str) -> None:
    world = a_world({"version": {"model": "blog", "ref": ref}})
    with_version(world.store, 1, BLOG)
    with_version(world.store, 1)
    world.run()
    [told] = asked(world)
    assert told
    assert (told.name, told.rows) == ("blog@1", rows_of(BLOG, 1))


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (1, "data.replay.version: the rows that shop@1 was trained on were not kept, so they cannot be replayed. Rows are kept"),
        (9, "data.replay.version: shop has no version 9 in namespace search of this store; there are: 1"),
    ],
)
def test_a_version_by_its_number_must_have_its_rows(number: int, says: str) -> None:
    world = a_world({"version": {"model": "shop", "ref": str(number)}})
    with_version(world.store, 1, kept=False)
    world.run()
    failed = world.condition("Failed")
    assert failed
    assert (failed.reason, world.trainer.done) == ("InvalidInput", [])
    assert failed.message.startswith(says)


def test_a_version_whose_metadata_was_changed_is_not_believed() -> None:
    world = a_world()
    with_version(world.store, 1)
    key = LINE.version(1).metadata
    world.store.put(key, world.store.get(key).replace(rows_of(LINE, 1).sha256.encode(), b"0" * 64))
    world.run()
    assert world.reason("Failed") == "Tampered"
    assert world.trainer.done == []


def test_a_job_that_is_suspended_from_its_beginning_replays_what_there_is_when_it_begins() -> None:
    world = a_world()
    with_version(world.store, 1)
    world.edit(suspend=True)
    world.look()
    suspended = world.condition("Suspended")
    assert suspended
    assert suspended.message.startswith("stopped before prepare")
    assert frozen(world) is None
    with_version(world.store, 2)
    world.edit(suspend=False)
    world.run()
    assert [told.name for told in asked(world) if told] == ["shop@2"]


def prepare_with_deaths(world: World, faults: Faults) -> None:
    """Pass after pass until the data is prepared; an operator that dies is followed by one that knows what was written last."""
    for number in range(50):
        world.store = failing_store(world.trainer.store, faults)
        world.cluster = failing_cluster(world.memory_cluster, faults)
        with contextlib.suppress(Killed):
            world.look()
        statuses = world.memory_cluster.statuses
        world.job = world.job.model_copy(update={"status": statuses[-1] if statuses else None})
        world.now = minutes(number + 1)
        world.work()
        if "train" in world.trainer.done:
            return
    raise AssertionError("the job does not get on")


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after it took effect"])
def test_an_operator_may_die_at_each_call_until_the_data_is_prepared(after: bool) -> None:
    def begun() -> World:
        world = a_world()
        with_version(world.store, 1)
        return world

    def dies_at(number: int) -> Faults:
        return Faults(lambda call, _: call == number, Killed, after)

    quiet, undisturbed = dies_at(-1), begun()
    prepare_with_deaths(undisturbed, quiet)
    [expected] = asked(undisturbed)
    assert expected
    assert expected.rows == rows_of(LINE, 1)
    assert len(quiet.calls) > 15
    for number in range(len(quiet.calls)):
        world = begun()
        prepare_with_deaths(world, dies_at(number))
        assert asked(world) == [frozen(world)] == [expected], f"call {number}: {quiet.calls[number]}"
        assert world.trainer.done == ["prepare", "train"]


@pytest.mark.parametrize("seed", SEEDS)
def test_two_operators_replay_the_same_while_production_changes_beneath_them(seed: int) -> None:
    rng = random.Random(seed)
    first, second = a_world(), a_world()
    second.cluster = second.memory_cluster = first.memory_cluster
    second.store, second.trainer = first.store, first.trainer
    store, newest = first.store, 0
    for number in range(200):
        world = rng.choice([first, second])
        world.now = minutes(number)
        if rng.random() < 0.4 and frozen(first) is None:
            newest += 1
            with_version(store, newest)
        faults = Faults(lambda _call, _name: rng.random() < 0.05, Killed, rng.random() < 0.5)
        world.store, world.cluster = failing_store(store, faults), failing_cluster(world.memory_cluster, faults)
        with contextlib.suppress(Killed):
            world.look()
        if frozen(first) and number % 7 == 0 and not first.trainer.done:
            newest += 1
            with_version(store, newest)
        if frozen(first) and rng.random() < 0.6:
            world.work()
        if world.job.status and world.job.status.phase in ("Succeeded", "Failed"):
            break
    assert outcome(world)[0] == "Succeeded"
    kept = frozen(first)
    assert kept
    assert {told and told.name for told in asked(first)} == {kept.name}
    assert first.trainer.done.count("prepare") == 1
