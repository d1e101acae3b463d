"""Steps that fail: tried again, or given up, and what is said about it."""

from __future__ import annotations

from embtune_api.errors import Exit
from embtune_operator.pipeline.plan import job_keys
from factories import a_job, minutes
from support.pipeline_world import EASY, World, outcome


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
