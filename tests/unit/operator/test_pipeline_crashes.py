"""Operators that die or meet failures at any moment: the job ends as if nothing had happened."""

from __future__ import annotations

import pytest

from embtune_operator.pipeline.plan import job_keys
from embtune_operator.registry.history import read_history
from factories import a_job, transitions
from support.pipeline_world import EASY, LINE, World, outcome


def test_a_crash_after_the_swap_is_finished_with_the_verdict_that_led_to_it() -> None:
    world = World(a_job(EASY))
    world.run()
    before = world.job.status
    world.store.delete(job_keys(world.job).result)
    again = World(a_job(EASY), world.store)
    again.run()
    assert again.trainer.done == []
    assert len(read_history(world.store, LINE)) == 1
    assert again.job.status
    assert before
    assert again.job.status.verdict == before.verdict
    assert outcome(again) == outcome(world)


@pytest.mark.parametrize("passes", range(1, 14))
def test_an_operator_that_starts_anew_after_any_pass_comes_to_the_same_end(passes: int) -> None:
    straight = World(a_job(EASY))
    straight.run()
    world = World(a_job(EASY))
    for _ in range(passes):
        world.look()
        world.work()
    fresh = World(a_job(EASY), world.store)
    fresh.run()
    assert outcome(fresh) == outcome(straight)
    assert transitions(read_history(fresh.store, LINE)) == transitions(read_history(straight.store, LINE))
