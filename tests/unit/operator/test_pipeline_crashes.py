"""Operators that die or meet failures at any moment: the job ends as if nothing had happened."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING

import pytest

from embtune_api.errors import StoreError
from embtune_operator.cluster import ClusterError
from embtune_operator.pipeline.step_requests import job_keys
from embtune_operator.registry.history import read_history
from embtune_operator.registry.release import promote
from embtune_operator.registry.versions import version_numbers
from factories import NOON, a_job, minutes, publish_version, transitions
from support.failing import Faults, failing_cluster, failing_store
from support.pipeline_world import EASY, IMPOSSIBLE, LINE, World, outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from embtune_api.resources import FineTuneJob
    from embtune_store import Store

SEEDS = range(24)
STEPS = ("prepare", "train", "evaluate", "publish")


class Killed(BaseException):
    """The operator is no more."""


def a_world(job: FineTuneJob, store: Store | None = None) -> World:
    """With an exam just large enough to judge by: these tests judge it hundreds of times."""
    world = World(job, store)
    world.trainer.queries = 60
    return world


def end_of(world: World) -> Any:
    """What must be the same however the job was disturbed; a pretended version has too little for the whole projection."""
    store = world.trainer.store
    told = {c.type: (c.status, c.reason) for c in world.status.conditions if c.type not in ("Retried", "Suspended")}
    return outcome(world), told, transitions(read_history(store, LINE)), version_numbers(store, LINE)


def undisturbed(gates: Sequence[dict[str, Any]] = EASY) -> Any:
    world = a_world(a_job(gates))
    world.run()
    return end_of(world)


def disturb(world: World, faults: Faults) -> None:
    """Every call of one pass to store and cluster may fail now."""
    world.store = failing_store(world.trainer.store, faults)
    world.cluster = failing_cluster(world.memory_cluster, faults)


def one_at_a_time(number: int) -> Callable[[int, str], bool]:
    return lambda call, _: call == number


def with_a_chance(rng: random.Random, chance: float) -> Callable[[int, str], bool]:
    return lambda _call, _name: rng.random() < chance


def last_written(world: World) -> None:
    """The job as the next operator finds it: with the status that was written last."""
    statuses = world.memory_cluster.statuses
    world.job = world.job.model_copy(update={"status": statuses[-1] if statuses else None})


def run_with_deaths(world: World, faults: Callable[[int], Faults], passes: int = 200) -> None:
    """Pass after pass; each failure is one of the service's, or the death of an operator, whose successor takes over."""
    for number in range(passes):
        disturb(world, faults(number))
        with contextlib.suppress(StoreError, ClusterError, Killed):
            world.look()
        last_written(world)
        if world.job.status and world.job.status.phase in ("Succeeded", "Failed"):
            return
        world.now = minutes(number + 1)
        world.work()
    raise AssertionError("the job does not come to an end")


def test_a_crash_after_the_swap_is_finished_with_the_verdict_that_led_to_it() -> None:
    world = a_world(a_job(EASY))
    world.run()
    before = world.status
    world.store.delete(job_keys(world.job).result)
    again = a_world(a_job(EASY), world.store)
    again.watched = False  # as `embtune run`, which keeps no status
    again.run()
    assert again.trainer.done == []
    assert len(read_history(world.store, LINE)) == 1
    assert again.status.verdict == before.verdict
    assert outcome(again) == outcome(world)


@pytest.mark.parametrize("passes", range(1, 8))
def test_an_operator_that_starts_anew_after_any_pass_comes_to_the_same_end(passes: int) -> None:
    world = a_world(a_job(EASY))
    for _ in range(passes):
        world.look()
        world.work()
    fresh = a_world(a_job(EASY), world.store)
    fresh.run()
    assert end_of(fresh) == undisturbed()


@pytest.mark.parametrize("error", [StoreError, ClusterError, Killed])
@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after it took effect"])
def test_each_call_of_a_whole_job_may_fail_once(error: type[BaseException], after: bool) -> None:
    quiet = Faults(lambda _call, _name: False, StoreError)
    world = a_world(a_job(EASY))
    run_with_deaths(world, lambda _: quiet)
    expected = end_of(world)
    assert len(quiet.calls) > 40
    for number in range(len(quiet.calls)):
        if error is not Killed and not _raises(quiet.calls[number], error):
            continue
        faults = Faults(one_at_a_time(number), error, after)
        world = a_world(a_job(EASY))
        run_with_deaths(world, lambda _, faults=faults: faults)  # type: ignore[misc]
        assert end_of(world) == expected, f"call {number}: {quiet.calls[number]}"
        assert len(world.memory_cluster.versions) >= 1
        assert {version.version for version in world.memory_cluster.versions} == {1}


def _raises(call: str, error: type[BaseException]) -> bool:
    """Whether a call of that name raises such an error: the cluster's are coroutines, and the store knows none of their names."""
    of_the_cluster = {"children", "launch", "create", "delete", "record_version", "write_status", "tell"}
    return (call in of_the_cluster) == (error is ClusterError)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_job_among_random_deaths_comes_to_the_same_end(seed: int) -> None:
    rng = random.Random(seed)
    gates = rng.choice([EASY, IMPOSSIBLE])
    world = a_world(a_job(gates))
    run_with_deaths(world, lambda _: Faults(with_a_chance(rng, 0.05), Killed, after=rng.random() < 0.5))
    assert end_of(world) == undisturbed(gates)
    numbers = [(attempt.step, attempt.number) for attempt in world.status.attempts]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("seed", SEEDS)
def test_two_operators_at_once_come_to_the_same_end(seed: int) -> None:
    """Two of them with one store and one cluster, each with its own stale idea of the status."""
    rng = random.Random(seed)
    first = a_world(a_job(EASY))
    second = a_world(a_job(EASY), first.store)
    second.cluster = second.memory_cluster = first.memory_cluster
    second.trainer = first.trainer
    for number in range(200):
        world = rng.choice([first, second])
        world.now = minutes(number)
        disturb(world, Faults(with_a_chance(rng, 0.03), Killed))
        with contextlib.suppress(Killed):
            world.look()
        if rng.random() < 0.5:
            last_written(world)
        if rng.random() < 0.7:
            world.work()
        if world.job.status and world.job.status.phase in ("Succeeded", "Failed"):
            break
    assert outcome(world) == ("Succeeded", "Passed", "Production")
    assert transitions(read_history(first.trainer.store, LINE)) == [(1, "Promote", None, 1)]
    assert [run for run in ("prepare", "train", "evaluate", "publish") if first.trainer.done.count(run) > 1] == []


def test_a_champion_that_changes_while_operators_die_is_judged_against() -> None:
    world = a_world(a_job(EASY))
    world.run(until="publish")
    world.work()
    publish_version(world.store, LINE, 7)
    promote(world.store, LINE, 7, "", NOON)
    rng = random.Random(7)
    run_with_deaths(world, lambda _: Faults(with_a_chance(rng, 0.1), Killed, after=rng.random() < 0.5))
    assert outcome(world) == ("Succeeded", "Passed", "Production")
    assert transitions(read_history(world.trainer.store, LINE)) == [(1, "Promote", None, 7), (2, "Promote", 7, 1)]


def test_a_job_whose_operator_died_before_it_told_of_the_first_child_goes_on_from_there() -> None:
    world = a_world(a_job(EASY))
    world.look()
    world.job = world.job.model_copy(update={"status": None})
    world.work()  # nobody looks, and the child ends well
    world.run()
    assert {(attempt.step, attempt.number) for attempt in world.status.attempts} == {(step, 1) for step in STEPS}
    assert end_of(world) == undisturbed()
