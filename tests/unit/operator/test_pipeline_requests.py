"""What the steps are asked to do, and what their digests are made of."""

from __future__ import annotations

from typing import Any

import pytest

from embtune_api.requests import TrainRequest
from embtune_api.resources import FineTuneJob
from embtune_operator.cluster import child_name
from embtune_operator.pipeline.plan import make_plan
from embtune_operator.pipeline.readings import Readings
from embtune_operator.pipeline.resolve import resolve
from embtune_operator.pipeline.resolved import Resolved
from factories import a_job, minutes, settings
from support.pipeline_world import EASY, World


def digests(job: FineTuneJob, resolved: Resolved, **changes: Any) -> list[str]:
    return [step.digest for step in make_plan(job, resolved, settings(**changes)).steps]


def test_digests_are_made_of_what_determines_the_output_alone() -> None:
    world = World(a_job(EASY))
    world.run(until="publish")
    resolved = resolve(world.job, world.settings, world.store, Readings())
    job = world.job
    elsewhere = digests(job, resolved, store="s3://bucket", folder="/somewhere")
    more = job.model_copy(
        update={"spec": job.spec.model_copy(update={"runtime": job.spec.runtime.model_copy(update={"nodes": 4})})}
    )
    assert digests(job, resolved) == elsewhere == digests(more, resolved)
    assert len({*elsewhere}) == 4


@pytest.mark.parametrize("runtime", [{"nodes": 4}, {"processes_per_node": 4}])
def test_the_train_request_has_the_processes_of_one_node(runtime: dict[str, int]) -> None:
    job = a_job(EASY)
    spec = job.spec.model_copy(update={"runtime": job.spec.runtime.model_copy(update=runtime)})
    world = World(job.model_copy(update={"spec": spec}))
    world.run(until="train")
    request = world.memory_cluster.requests[child_name("uid-1", "train", 1)]
    assert isinstance(request, TrainRequest)
    assert request.processes == runtime.get("processes_per_node", 1)


def test_how_often_a_training_is_saved_does_not_change_what_it_yields() -> None:
    world = World(a_job(EASY))
    world.run(until="publish")
    resolved = resolve(world.job, world.settings, world.store, Readings())
    job = world.job
    training = job.spec.training.model_copy(update={"checkpoint_steps": 3})
    rarely = job.model_copy(update={"spec": job.spec.model_copy(update={"training": training})})
    assert digests(job, resolved) == digests(rarely, resolved)
    other = training.model_copy(update={"seed": 3})
    changed = job.model_copy(update={"spec": job.spec.model_copy(update={"training": other})})
    assert digests(job, resolved)[1] != digests(changed, resolved)[1]


def test_a_training_that_was_killed_twice_for_want_of_memory_is_told_so() -> None:
    world = World(a_job(EASY))
    world.run(until="train")
    for attempt, killed in ((1, 0), (2, 0), (3, 1)):
        request = world.memory_cluster.requests[child_name("uid-1", "train", attempt)]
        assert isinstance(request, TrainRequest)
        assert request.killed == killed
        if attempt < 3:
            world.end_badly(137, at=40 * attempt - 39, reason="OutOfMemory")
            world.look()
            world.now = minutes(40 * attempt)
            world.run(until="train")


def test_the_train_request_is_never_given_the_exam() -> None:
    world = World(a_job(EASY))
    world.run(until="train")
    request = world.memory_cluster.requests[child_name("uid-1", "train", 1)]
    assert "e" * 64 not in request.model_dump_json()
