"""Suspend and resume, by spec or by request."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from embtune_api.errors import Exit, StoreError
from embtune_api.requests import Control
from embtune_api.status import Progress
from embtune_operator.cluster import child_name
from embtune_store import documents
from factories import a_job, minutes
from support.failing import Faults, failing_cluster
from support.pipeline_world import EASY, World, outcome

if TYPE_CHECKING:
    from embtune_api.keys import StepKeys


def training() -> World:
    """A job whose training is at step 40."""
    world = World(a_job(EASY))
    world.run(until="train")
    shown = Progress(percent=57, step=40, total_steps=70)
    world.store.put(keys(world).progress, shown.model_dump_json(by_alias=True).encode())
    world.look()
    return world


def keys(world: World) -> StepKeys:
    request = world.memory_cluster.requests[child_name("uid-1", "train", 1)]
    return request.job_keys.step("train", request.digest)


def is_asked_to_stop(world: World) -> bool:
    return documents.read(world.store, keys(world).control, Control) is not None


def suspended() -> World:
    """A job that was suspended by its spec in the middle of its training."""
    world = training()
    world.edit(suspend=True)
    world.look()
    world.end_badly(Exit.STOPPED, 1)
    world.look()
    return world


def test_a_training_saves_a_checkpoint_and_then_its_pods_go() -> None:
    world = training()
    world.edit(suspend=True)
    decision = world.look()
    assert is_asked_to_stop(world)
    assert (decision.delete, decision.requeue_after) == ((), world.settings.poll_seconds)
    assert world.status.phase == "Training"
    world.end_badly(Exit.STOPPED, 1)
    assert world.look().requeue_after is None
    assert list(world.memory_cluster.states) == [child_name("uid-1", "prepare", 1)]
    assert (world.status.phase, world.reason("Suspended")) == ("Suspended", "SpecSuspend")
    told = world.condition("Suspended")
    assert told
    assert told.message == (
        "stopped in train, at step 40 of 70, to go on from its newest checkpoint; set spec.suspend to false to go on"
    )
    assert [(a.state, a.reason) for a in world.attempts("train")] == [("Failed", "Suspended")]
    assert [event.reason for event in world.memory_cluster.events if not event.detail] == ["Suspending", "Suspended"]


def test_while_it_is_suspended_nothing_happens_and_nothing_is_written() -> None:
    world = suspended()
    written = len(world.memory_cluster.statuses)
    for _ in range(3):
        decision = world.look()
        assert (decision.create, decision.delete, decision.stop_key) == ((), (), "")
    assert len(world.memory_cluster.statuses) == written


def test_resuming_takes_the_request_to_stop_back_before_the_next_attempt() -> None:
    world = suspended()
    world.edit(suspend=False)
    decision = world.look()
    assert [child.name for child in decision.create] == [child_name("uid-1", "train", 2)]
    assert not is_asked_to_stop(world)
    assert world.condition("Suspended") is None
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")
    assert world.condition("Retried") is None


def test_a_job_that_is_resumed_before_it_has_stopped_is_no_longer_asked_to() -> None:
    world = training()
    world.edit(suspend=True)
    world.look()
    world.edit(suspend=False)
    decision = world.look()
    assert not is_asked_to_stop(world)
    assert decision.create == ()
    assert world.running() == [child_name("uid-1", "train", 1)]


def test_a_training_that_saves_no_checkpoint_is_ended_all_the_same() -> None:
    world = training()
    world.now = minutes(1)
    world.edit(suspend=True)
    world.look()
    world.now = minutes(5.9)
    assert world.look().delete == ()
    world.now = minutes(6)
    assert world.look().delete == (child_name("uid-1", "train", 1),)
    assert world.status.phase == "Suspended"


@pytest.mark.parametrize("step", ["prepare", "evaluate", "publish"])
def test_another_step_is_ended_at_once_and_repeated_later(step: str) -> None:
    world = World(a_job(EASY))
    world.run(until=step)
    world.edit(suspend=True)
    assert child_name("uid-1", step, 1) in world.look().delete  # type: ignore[arg-type]
    assert world.status.phase == "Suspended"
    world.edit(suspend=False)
    assert [child.attempt for child in world.look().create] == [2]
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")


def test_a_training_that_has_not_started_is_ended_at_once() -> None:
    world = World(a_job(EASY))
    world.run(until="train")
    world.memory_cluster.queue(world.running()[0], "0/3 nodes are available")
    world.edit(suspend=True)
    assert world.look().delete == (child_name("uid-1", "train", 1),)
    assert not is_asked_to_stop(world)


def test_a_job_that_is_suspended_from_the_start_launches_nothing() -> None:
    world = World(a_job(EASY))
    world.edit(suspend=True)
    assert world.look().create == ()
    assert (world.status.phase, world.memory_cluster.states) == ("Suspended", {})
    world.edit(suspend=False)
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")


def test_a_suspended_job_promotes_nothing() -> None:
    world = World(a_job(EASY))
    world.run(until="publish")
    world.work()
    world.edit(suspend=True)
    world.look()
    assert (world.status.phase, world.condition("Promoted")) == ("Suspended", None)
    world.edit(suspend=False)
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")


def answered(world: World) -> tuple[str, str]:
    assert world.status.last_request
    return world.status.last_request.value, world.status.last_request.outcome


def test_a_request_suspends_until_another_one_resumes() -> None:
    world = training()
    world.wish("suspend: GPUs are needed")
    world.look()
    assert answered(world) == ("suspend: GPUs are needed", "InProgress")
    world.end_badly(Exit.STOPPED, 1)
    world.look()
    assert answered(world) == ("suspend: GPUs are needed", "Done")
    assert (world.status.phase, world.reason("Suspended")) == ("Suspended", "Requested")
    world.wish("resume")
    assert [child.attempt for child in world.look().create] == [2]
    assert answered(world) == ("resume", "Done")


def test_what_is_refused_in_between_does_not_resume() -> None:
    world = suspended_by_request()
    world.wish("promote")
    world.look()
    assert answered(world) == ("promote", "Refused")
    assert world.status.phase == "Suspended"
    world.look()
    assert world.status.phase == "Suspended"


def suspended_by_request() -> World:
    world = World(a_job(EASY))
    world.wish("suspend")
    world.look()
    assert world.status.phase == "Suspended"
    return world


@pytest.mark.parametrize(
    ("value", "says"),
    [
        pytest.param("promote", "put the request on the ModelVersion, here shop-v<number>", id="promote"),
        pytest.param("dance", "is no request that is understood here", id="an unknown word"),
        pytest.param("resume", "spec.suspend is true and wins over requests: set it to false", id="resume against the spec"),
    ],
)
def test_a_request_that_cannot_be_granted_is_refused_with_what_to_do(value: str, says: str) -> None:
    world = World(a_job(EASY))
    world.edit(suspend=True)
    world.wish(value)
    world.look()
    assert world.status.last_request
    assert world.status.last_request.outcome == "Refused"
    assert says in world.status.last_request.message
    assert world.status.phase == "Suspended"


def test_a_request_to_a_job_that_has_ended_is_refused_without_looking_at_anything() -> None:
    world = World(a_job(EASY))
    world.run()
    faults = Faults(lambda _call, name: name not in ("write_status", "tell"), StoreError)
    world.cluster = failing_cluster(world.memory_cluster, faults)
    world.wish("suspend")
    world.look()
    assert answered(world) == ("suspend", "Refused")
    assert faults.calls == ["write_status"]


def test_a_job_that_ends_before_it_could_be_suspended_says_so() -> None:
    world = World(a_job(EASY, deadline_seconds=120))
    world.run(until="train")
    world.wish("suspend")
    world.look()
    assert answered(world) == ("suspend", "InProgress")
    world.now = minutes(3)
    world.look()
    assert (world.status.phase, answered(world)) == ("Failed", ("suspend", "Refused"))


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", ["write_status", "delete"])
def test_an_operator_that_dies_while_it_suspends_leaves_the_rest_to_the_next_one(call: str, after: bool) -> None:
    world = training()
    world.edit(suspend=True)
    world.look()
    world.end_badly(Exit.STOPPED, 1)
    world.cluster = failing_cluster(world.memory_cluster, Faults(lambda _, name: name == call, StoreError, after))
    with contextlib.suppress(StoreError):
        world.look()
    world.cluster = world.memory_cluster
    world.look()
    assert (world.status.phase, world.running()) == ("Suspended", [])
    assert [(a.state, a.reason) for a in world.attempts("train")] == [("Failed", "Suspended")]
    world.edit(suspend=False)
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")
