"""How a job ends and what is done for it afterwards: its deadline, what still runs, its TTL; and what it waits for before."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from embtune_api.errors import Exit, StoreError
from embtune_api.status import Launch, Progress
from embtune_operator.cluster import ClusterError, child_name
from embtune_operator.pipeline.hold import Hold
from embtune_operator.pipeline.memory import Memory
from embtune_operator.pipeline.settled import is_settled
from embtune_operator.pipeline.step_requests import job_keys
from embtune_operator.registry.history import read_history
from embtune_operator.registry.versions import version_numbers
from factories import METRIC, NOON, a_job, minutes
from support.failing import Faults, failing_cluster, failing_store
from support.pipeline_world import EASY, LINE, World, outcome

if TYPE_CHECKING:
    from embtune_operator.pipeline.decision import Decision

NEVER = Faults(lambda _call, _name: True, StoreError)


def scratch(world: World) -> list[str]:
    return [found.key for found in world.store.list(job_keys(world.job).root)]


def finished(ttl: int | None = None) -> World:
    world = World(a_job(EASY))
    world.edit(ttl_seconds_after_finished=ttl)
    world.run()
    return world


def test_a_job_writes_five_statuses_and_one_event() -> None:
    world = World(a_job(EASY))
    world.run()
    phases = [status.phase for status in world.memory_cluster.statuses]
    assert phases == ["Preparing", "Training", "Evaluating", "Publishing", "Succeeded"]
    assert [event.reason for event in world.memory_cluster.events if not event.detail] == ["Promoted"]
    assert [version.name for version in world.memory_cluster.versions] == ["shop-v1"]


def test_the_first_pass_of_a_job_asks_nobody_what_there_is_of_it() -> None:
    world = World(a_job(EASY))
    of_store, of_cluster = (Faults(lambda _call, _name: False, StoreError) for _ in range(2))
    world.store = failing_store(world.store, of_store)
    world.cluster = failing_cluster(world.cluster, of_cluster)
    assert len(world.look().create) == 1
    assert of_store.calls == []
    assert "children" not in of_cluster.calls
    assert "create" in of_cluster.calls


def test_a_new_job_that_is_suspended_looks_for_children_that_nobody_remembers() -> None:
    world = World(a_job(EASY))
    world.edit(suspend=True)
    of_cluster = Faults(lambda _call, _name: False, StoreError)
    world.cluster = failing_cluster(world.cluster, of_cluster)
    world.look()
    assert "children" in of_cluster.calls


def test_a_pass_over_a_running_step_asks_the_store_three_times_and_the_cluster_once() -> None:
    world = World(a_job(EASY))
    world.run(until="train")
    world.look()
    of_store, of_cluster = (Faults(lambda _call, _name: False, StoreError) for _ in range(2))
    world.store = failing_store(world.store, of_store)
    world.cluster = failing_cluster(world.cluster, of_cluster)
    world.look()
    assert of_store.calls == ["get_tagged"] * 3
    assert of_cluster.calls == ["children", "launch"]


def test_the_status_tells_score_times_generation_and_launch() -> None:
    world = World(a_job(EASY))
    world.memory_cluster.launched_as = Launch(launcher="PyTorchJob", image="trainer:1", profile="default", template="{}")
    world.edit(ttl_seconds_after_finished=None)
    world.look()
    assert world.status.launch == world.memory_cluster.launched_as
    world.memory_cluster.launched_as = Launch(launcher="IndexedJob", image="trainer:2", profile="default", template="{}")
    world.now = minutes(9)
    world.run()
    status = world.status
    assert (status.score, status.observed_generation) == ("ndcg@10 0.600", 2)
    assert (status.started_at, status.finished_at) == (NOON, minutes(9))
    assert status.launch
    assert status.launch.launcher == "PyTorchJob"


def test_without_gates_the_score_is_that_of_the_first_suite() -> None:
    world = World(a_job())
    world.run()
    assert (world.status.score, METRIC) == ("ndcg@10 0.600", "test/ndcg@10")


def test_a_job_that_is_not_done_at_its_deadline_has_failed_and_its_pods_go() -> None:
    world = World(a_job(EASY, deadline_seconds=600))
    world.run(until="train")
    world.now = minutes(9)
    assert world.look().requeue_after == world.settings.poll_seconds
    world.now = minutes(9.95)
    assert world.look().requeue_after == pytest.approx(3)
    world.now = minutes(10)
    decision = world.look()
    assert (outcome(world)[0], world.reason("Failed"), world.running()) == ("Failed", "DeadlineExceeded", [])
    assert [(a.state, a.reason) for a in world.attempts("train")] == [("Failed", "Deleted")]
    assert decision.requeue_after is None
    world.look()
    assert world.status.phase == "Failed"


def test_a_version_that_is_published_is_not_lost_to_a_deadline() -> None:
    world = World(a_job(EASY, deadline_seconds=600))
    world.run(until="publish")
    world.work()
    world.now = minutes(30)
    world.look()
    assert outcome(world) == ("Succeeded", "Passed", "Production")


def test_time_in_suspension_counts_towards_the_deadline() -> None:
    world = World(a_job(EASY, deadline_seconds=600))
    world.look()
    world.edit(suspend=True)
    assert world.look().requeue_after == 600
    world.now = minutes(10)
    world.look()
    assert world.reason("Failed") == "DeadlineExceeded"
    assert world.condition("Suspended") is None


def test_a_failed_job_leaves_nothing_running() -> None:
    world = World(a_job(EASY))
    world.run(until="evaluate")
    report = next(key for key in scratch(world) if "/prepare/" in key and key.endswith("/report.json"))
    world.store.put(report, b"{}")
    world.memory = Memory()
    assert world.running() == [child_name("uid-1", "evaluate", 1)]
    world.look()
    assert (world.status.phase, world.reason("Failed"), world.running()) == ("Failed", "Tampered", [])
    assert [(a.state, a.reason) for a in world.attempts("evaluate")] == [("Failed", "Deleted")]


@pytest.mark.parametrize("end", ["Succeeded", "Failed"])
def test_a_job_that_has_ended_costs_nothing(end: str) -> None:
    world = World(a_job(EASY))
    if end == "Failed":
        world.look()
        world.end_badly(Exit.INVALID, 0)
    world.run()
    assert world.status.phase == end
    assert is_settled(world.job, world.now) == math.inf
    world.store = failing_store(world.store, NEVER)
    world.cluster = failing_cluster(world.cluster, NEVER)
    assert world.look().requeue_after is None


def test_a_job_that_has_ended_only_notes_that_its_spec_was_edited() -> None:
    world = finished()
    world.edit(suspend=True)
    assert is_settled(world.job, world.now) is None
    world.store = failing_store(world.store, NEVER)
    world.look()
    assert (world.status.observed_generation, world.status.phase) == (3, "Succeeded")
    assert is_settled(world.job, world.now) == math.inf


def test_what_a_job_leaves_behind_is_removed_when_its_ttl_is_over() -> None:
    world = finished(ttl=600)
    assert is_settled(world.job, minutes(4)) == 360
    assert (len(scratch(world)) > 1, len(world.memory_cluster.states)) == (True, 4)
    world.now = minutes(10)
    assert is_settled(world.job, world.now) is None
    assert world.look().requeue_after is None
    assert scratch(world) == [job_keys(world.job).result]
    assert world.memory_cluster.states == {}
    assert (world.status.phase, world.status.cleaned_at) == ("Succeeded", minutes(10))
    assert version_numbers(world.store, LINE) == [1]
    assert is_settled(world.job, minutes(99)) == math.inf


def test_a_ttl_of_nothing_cleans_at_once() -> None:
    world = finished(ttl=0)
    assert scratch(world) == [job_keys(world.job).result]
    assert outcome(world) == ("Succeeded", "Passed", "Production")


def test_a_cleaning_that_was_cut_short_is_finished() -> None:
    world = finished(ttl=60)
    world.now = minutes(2)
    whole = world.store
    third = Faults(lambda call, _name: call == 3, StoreError)
    world.store = failing_store(whole, third)
    with pytest.raises(StoreError):
        world.look()
    world.store = whole
    world.look()
    assert scratch(world) == [job_keys(world.job).result]


def test_a_held_job_leaves_production_as_it_is_and_says_why() -> None:
    world = World(a_job(EASY))
    world.hold = Hold("EmbeddingModel shop pins v3")
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Candidate")
    assert read_history(world.store, LINE) == []
    promoted = world.condition("Promoted")
    assert promoted
    assert (promoted.status, promoted.reason) == ("False", "Held")
    assert promoted.message == "shop v1 passed; production is unchanged: EmbeddingModel shop pins v3"


def test_a_hold_that_comes_after_the_promotion_takes_nothing_back() -> None:
    world = World(a_job(EASY))
    world.run(until="publish")
    world.work()
    world.cluster = failing_cluster(world.cluster, Faults(lambda _call, name: name == "record_version", ClusterError))
    with pytest.raises(ClusterError):
        world.look()
    world.cluster, world.hold = world.memory_cluster, Hold("release.policy of EmbeddingModel shop is Manual")
    world.run()
    assert (outcome(world), world.reason("Promoted")) == (("Succeeded", "Passed", "Production"), "InProduction")


def test_a_child_that_waits_for_room_is_shown_as_queued_with_what_it_waits_for() -> None:
    world = World(a_job(EASY))
    world.run(until="train")
    name = world.running()[0]
    world.memory_cluster.queue(name, "0/3 nodes are available: 3 Insufficient nvidia.com/gpu")
    written = len(world.memory_cluster.statuses)
    world.look()
    assert (world.status.phase, len(world.memory_cluster.statuses)) == ("Training", written)
    world.now = minutes(1)
    world.look()
    assert world.status.phase == "Queued"
    assert world.status.progress == Progress(message="0/3 nodes are available: 3 Insufficient nvidia.com/gpu")
    assert world.attempts("train")[0].message == "0/3 nodes are available: 3 Insufficient nvidia.com/gpu"
    world.memory_cluster.start(name)
    world.look()
    assert outcome(world)[0] == "Training"
    assert world.status.progress is None
    world.run()
    assert outcome(world)[0] == "Succeeded"


def refused(world: World, why: str = "exceeded quota: gpus") -> Decision:
    error = Faults(lambda _call, name: name == "create", lambda _: ClusterError(why))
    world.cluster = failing_cluster(world.memory_cluster, error)
    decision = world.look()
    world.cluster = world.memory_cluster
    return decision


def test_a_child_that_the_cluster_refuses_is_asked_for_ever_more_seldom() -> None:
    world = World(a_job(EASY))
    waits = []
    for second in (0, 10, 20, 40, 3600):
        world.now = minutes(second / 60)
        waits.append(refused(world).requeue_after)
    assert waits == [10, 10, 20, 40, 300]
    assert len(world.memory_cluster.statuses) == 1
    told = world.condition("Retried")
    assert told
    assert (told.reason, told.message) == ("Rejected", "prepare is not launched yet: exceeded quota: gpus")
    assert (world.status.phase, world.status.attempts, world.status.started_at) == ("Queued", [], None)
    decision = world.look()
    assert [child.attempt for child in decision.create] == [1]
    assert (world.status.phase, world.condition("Retried"), world.status.started_at) == ("Preparing", None, minutes(60))


def test_a_platform_that_refuses_a_job_for_good_ends_it() -> None:
    world = World(a_job(EASY))
    world.memory_cluster.refusal = "there is no profile gpu-huge; there are: default"
    world.look()
    assert (world.status.phase, world.reason("Failed")) == ("Failed", "InvalidInput")
    assert world.memory_cluster.states == {}
