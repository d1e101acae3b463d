"""Steps that fail: tried again, or given up, and what is said about it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from embtune_api.errors import Exit
from embtune_api.status import Attempt, Progress
from embtune_operator.cluster import child_name
from embtune_operator.pipeline.attempts import REMEMBERED
from embtune_operator.pipeline.conditions import shortened
from embtune_operator.pipeline.retries import pause
from embtune_operator.pipeline.step_requests import job_keys
from factories import NOON, a_job, minutes, settings
from support.pipeline_world import EASY, World, outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.status import FailureReason
    from embtune_operator.pipeline.decision import Decision


def test_a_second_attempt_is_told_as_one() -> None:
    world = World(a_job(EASY))
    world.look()
    world.end_badly(Exit.STOPPED, 0)
    world.look()
    assert world.memory_cluster.events[-1].message == "prepare started again, attempt 2"


def test_a_wrong_request_is_not_tried_again() -> None:
    world = World(a_job(EASY))
    world.look()
    world.end_badly(Exit.INVALID, 1, "data.jsonl:3 is broken")
    decision = world.look()
    assert (decision.create, decision.requeue_after) == ((), None)
    assert (outcome(world)[0], world.reason("Failed")) == ("Failed", "InvalidInput")
    statuses = len(world.memory_cluster.statuses)
    world.look()
    assert len(world.memory_cluster.statuses) == statuses


def test_a_failed_step_is_tried_again_after_a_pause_until_its_attempts_are_used_up() -> None:
    world = World(a_job(EASY, max_attempts=2))
    world.look()
    world.end_badly(Exit.FAILED, 0)
    assert world.look().requeue_after == 10
    world.now = minutes(1)
    assert [child.attempt for child in world.look().create] == [2]
    world.end_badly(-9, 1)
    decision = world.look()
    assert decision.requeue_after is None
    assert world.reason("Failed") == "StepFailed"
    assert world.job.status
    assert [(a.number, a.state) for a in world.job.status.attempts] == [(1, "Failed"), (2, "Failed")]
    assert not world.store.exists(job_keys(world.job).result)


def test_a_step_that_was_asked_to_stop_has_not_failed() -> None:
    world = World(a_job(EASY, max_attempts=1))
    world.look()
    world.end_badly(Exit.STOPPED, 0)
    assert [child.attempt for child in world.look().create] == [2]


def test_a_step_that_ends_well_without_its_output_has_failed() -> None:
    world = World(a_job(EASY, max_attempts=1))
    world.look()
    world.memory_cluster.end(world.running()[0], Exit.OK)
    world.look()
    assert world.reason("Failed") == "Error"


def failed(world: World, reason: FailureReason, times: int = 1) -> None:
    """So many attempts in a row end for that reason, each after its pause."""
    for _ in range(times):
        while not world.running():
            world.now += timedelta(minutes=5)
            world.look()
        world.end_badly(Exit.FAILED, (world.now - NOON).total_seconds() / 60, "what its log said", reason)
        world.look()


@pytest.mark.parametrize("reason", ["OutOfMemory", "Error", "ImagePull"])
def test_what_is_its_own_fault_counts_and_names_the_end_of_the_job(reason: FailureReason) -> None:
    world = World(a_job(EASY, max_attempts=2))
    world.look()
    failed(world, reason, times=2)
    assert (world.status.phase, world.reason("Failed")) == ("Failed", reason)
    told = world.condition("Failed")
    assert told
    assert told.message.startswith("prepare: 2 attempts failed; the last: what its log said")
    assert ("set training.microBatchSize" in told.message) == (reason == "OutOfMemory")


@pytest.mark.parametrize("reason", ["Evicted", "NodeLost", "Deleted", "Stopped", "Rejected"])
def test_what_is_nobodys_fault_does_not_count(reason: FailureReason) -> None:
    world = World(a_job(EASY, max_attempts=1))
    world.run(until="train")
    failed(world, reason, times=5)
    world.now += timedelta(minutes=5)
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")
    retried = world.condition("Retried")
    assert retried
    assert retried.reason == reason
    assert retried.message.startswith(f"train: attempt 5 ended ({reason}), it does not count against runtime.maxAttempts: ")


def test_even_what_is_nobodys_fault_has_its_limit() -> None:
    world = World(a_job(EASY), max_attempts=4)
    world.look()
    failed(world, "Evicted", times=4)
    assert (world.status.phase, world.reason("Failed")) == ("Failed", "Evicted")


def test_a_training_that_is_stopped_again_and_again_has_its_limit_too() -> None:
    world = World(a_job(EASY), max_attempts=1)
    world.run(until="train")
    failed(world, "Stopped", times=REMEMBERED)
    assert (world.status.phase, world.reason("Failed")) == ("Failed", "Stopped")
    assert len(world.attempts("train")) == REMEMBERED


@pytest.mark.parametrize(
    ("reason", "pauses"),
    [
        pytest.param("Error", [10, 20, 40, 80, 160, 300, 300], id="its own fault: doubled, at most five minutes"),
        pytest.param("Evicted", [1, 2, 4, 8, 16, 32, 64], id="an eviction: short"),
        pytest.param("NodeLost", [1, 2, 4, 8, 16, 32, 64], id="a lost node: short"),
        pytest.param("Rejected", [30, 60, 120, 240, 300, 300, 300], id="no quota: slow"),
        pytest.param("Stopped", [0, 0, 0, 0, 0, 0, 0], id="stopped with a checkpoint: at once"),
    ],
)
def test_pauses_depend_on_the_reason(reason: FailureReason, pauses: list[float]) -> None:
    attempts = [
        Attempt(step="train", number=number, state="Failed", reason=reason, finished_at=NOON)
        for number in range(1, len(pauses) + 1)
    ]
    assert [pause(attempts[: count + 1], settings(), NOON) for count in range(len(pauses))] == pauses


def test_a_clock_that_is_ahead_does_not_make_a_pause_longer() -> None:
    ended = Attempt(step="train", number=1, state="Failed", reason="Error", finished_at=minutes(60))
    assert pause([ended], settings(), NOON) == 10


def test_a_retry_tells_which_attempt_failed_and_why() -> None:
    world = World(a_job(EASY, max_attempts=3))
    world.run(until="train")
    failed(world, "OutOfMemory")
    told = world.condition("Retried")
    assert told
    assert told.message.startswith(
        "train: attempt 1 ended (OutOfMemory), failure 1 of the 3 that runtime.maxAttempts allows: what its log said; a training "
    )
    world.now += timedelta(minutes=5)
    world.run()
    assert outcome(world)[0] == "Succeeded"
    assert world.reason("Retried") == "OutOfMemory"
    assert [event.reason for event in world.memory_cluster.events if not event.detail] == ["Retried", "Promoted"]


def test_a_child_that_somebody_deleted_is_an_attempt_that_ended() -> None:
    world = World(a_job(EASY))
    world.run(until="train")
    world.look()
    world.memory_cluster.states.clear()
    assert world.look().requeue_after == 1
    assert [(a.number, a.state, a.reason) for a in world.attempts("train")] == [(1, "Failed", "Deleted")]
    assert [a.state for a in world.attempts("prepare")] == ["Succeeded"]
    world.now = minutes(1)
    assert [child.name for child in world.look().create] == [child_name("uid-1", "train", 2)]


def test_numbers_are_not_used_twice_when_all_children_are_gone() -> None:
    world = World(a_job(EASY))
    world.look()
    for number in range(1, 4):
        assert [a.number for a in world.attempts("prepare")][-1] == number
        world.memory_cluster.states.clear()
        world.look()
        world.now += timedelta(minutes=1)
        world.look()


def test_an_attempt_that_has_ended_does_not_come_back() -> None:
    """Its child was deleted, but is listed until its pods have gone: nothing is launched beside it."""
    world = World(a_job(EASY))
    world.look()
    child = dict(world.memory_cluster.states)
    world.memory_cluster.states.clear()
    world.look()
    world.memory_cluster.states.update(child)
    world.now = minutes(1)
    decision = world.look()
    assert (decision.delete, decision.create) == (tuple(child), ())
    assert [a.reason for a in world.attempts("prepare")] == ["Deleted"]
    assert [c.attempt for c in world.look().create] == [2]


def test_a_training_whose_progress_stands_still_is_ended_and_tried_again() -> None:
    at, world, name = a_watched_training()
    at(0, 1, 50)
    assert at(14, 1, 40).delete == ()  # five minutes of grace, then ten of patience
    assert at(14.5, 2, 30).delete == ()
    assert at(24, 2, 20).delete == ()
    assert at(25, 2, 10).delete == (name,)
    assert [(a.state, a.reason) for a in world.attempts("train")] == [("Failed", "Stalled")]
    assert world.attempts("train")[0].message == "its progress stood still at 2 % for 10 minutes, so it was ended"
    world.now = minutes(26)
    assert [child.attempt for child in world.look().create] == [2]


def test_a_training_that_does_its_steps_needs_no_grace_of_the_start() -> None:
    at, _, name = a_watched_training()
    at(0, 1, 50)
    assert at(1, 2, 40).delete == ()
    assert at(10, 2, 30).delete == ()
    assert at(11.5, 2, 20).delete == (name,)


def a_watched_training() -> tuple[Callable[[float, int, float], Decision], World, str]:
    """Patience is ten minutes, after five of grace. What is decided at a minute, with so many steps done and seconds left."""
    world = World(a_job(EASY), stall_seconds=600, start_grace_seconds=300, poll_seconds=60)
    world.run(until="train")
    name = world.running()[0]
    request = world.memory_cluster.requests[name]
    progress = request.job_keys.step("train", request.digest).progress

    def at(minute: float, step: int, eta: float) -> Decision:
        shown = Progress(percent=step, step=step, total_steps=100, eta_seconds=eta)
        world.store.put(progress, shown.model_dump_json(by_alias=True).encode())
        world.now = minutes(minute)
        return world.look()

    return at, world, name


def test_the_status_keeps_a_bounded_number_of_attempts() -> None:
    world = World(a_job(EASY))
    world.look()
    for _ in range(30):
        world.edit(suspend=True)
        world.look()
        world.edit(suspend=False)
        world.look()
    attempts = world.attempts("prepare")
    assert (len(attempts), attempts[-1].number, attempts[-1].state) == (REMEMBERED, 31, "Queued")


def test_a_long_log_keeps_its_beginning_and_its_end() -> None:
    text = shortened("it failed: " + "x" * 5000 + " the last line")
    assert len(text) <= 2048
    assert text.startswith("it failed: xxx")
    assert text.endswith("xxx the last line")
