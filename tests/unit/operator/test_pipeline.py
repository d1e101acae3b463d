"""A job through reconcile, with a cluster in memory and a trainer that only pretends."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest

from embtune_api.errors import Exit, InvalidInput, StoreError
from embtune_api.keys import LineKeys
from embtune_api.requests import TrainRequest
from embtune_api.resources import FineTuneJob
from embtune_operator.cluster import MemoryCluster, child_name
from embtune_operator.pipeline.conditions import find
from embtune_operator.pipeline.decision import Decision
from embtune_operator.pipeline.plan import job_keys, make_plan
from embtune_operator.pipeline.readings import Readings
from embtune_operator.pipeline.reconcile import reconcile
from embtune_operator.pipeline.resolve import resolve
from embtune_operator.pipeline.resolved import Resolved
from embtune_operator.registry.history import read_history
from embtune_operator.registry.judgements import last_judgement
from embtune_operator.registry.release import promote, rollback
from embtune_operator.registry.versions import read_version
from embtune_operator.settings import Settings
from embtune_store import Store, open_store
from factories import METRIC, NOON, PretendTrainer, a_job, minutes, publish_version, settings, transitions
from support.failing import Faults, failing_store

LINE = LineKeys("search", "shop")
EASY: list[dict[str, Any]] = [{"metric": METRIC, "minDelta": 0.01, "against": "Production"}]
IMPOSSIBLE: list[dict[str, Any]] = [{"metric": METRIC, "min": 0.99}]


class World:
    """One job, its cluster and its store; time passes by hand."""

    def __init__(self, job: FineTuneJob, store: Store | None = None) -> None:
        self.job = job
        self.store = store or open_store("memory://")
        self.cluster = MemoryCluster()
        self.trainer = PretendTrainer(self.store)
        self.settings: Settings = settings()
        self.now = NOON

    def look(self) -> Decision:
        """One pass."""
        decision = asyncio.run(reconcile(self.job, self.settings, self.cluster, self.store, lambda: self.now))
        self.job = self.job.model_copy(update={"status": decision.status})
        return decision

    def work(self) -> None:
        """Let every running child do what it was asked to, and end well."""
        for name, state in list(self.cluster.states.items()):
            if state.state == "Running":
                self.trainer.work(self.cluster.requests[name])
                self.cluster.end(name, Exit.OK)

    def run(self, until: str = "") -> Decision:
        """Pass after pass, until nothing is left to do or a step of that name has been launched."""
        for _ in range(30):
            decision = self.look()
            if decision.requeue_after is None or any(child.request.step == until for child in decision.create):
                return decision
            self.work()
        raise AssertionError("the job does not come to an end")

    def running(self) -> list[str]:
        return [state.name for state in self.cluster.states.values() if state.state == "Running"]


def outcome(world: World) -> tuple[str, str | None, str | None]:
    status = world.job.status
    assert status
    verdict, version = status.verdict, status.model_version
    return status.phase, verdict.outcome if verdict else None, version.stage if version else None


def reason(world: World, kind: Any) -> str:
    assert world.job.status
    found = find(world.job.status.conditions, kind)
    return found.reason if found else ""


@pytest.mark.parametrize(
    ("job", "ends", "promoted"),
    [
        pytest.param(a_job(EASY), ("Succeeded", "Passed", "Production"), "InProduction", id="passed gates promote"),
        pytest.param(a_job(IMPOSSIBLE), ("Succeeded", "Rejected", "Rejected"), "Rejected", id="a rejected version is published"),
        pytest.param(a_job(), ("Succeeded", "Inconclusive", "Candidate"), "Inconclusive", id="no gates promote nothing"),
        pytest.param(
            a_job(EASY, "Manual"), ("Succeeded", "Passed", "Candidate"), "PolicyManual", id="Manual leaves it to a person"
        ),
        pytest.param(a_job(EASY, "Never"), ("Succeeded", "Passed", "Candidate"), "PolicyNever", id="Never promotes nothing"),
    ],
)
def test_how_a_job_ends(job: FineTuneJob, ends: tuple[str, str, str], promoted: str) -> None:
    world = World(job)
    world.run()
    assert outcome(world) == ends
    assert reason(world, "Promoted") == promoted
    assert world.trainer.done == ["prepare", "train", "evaluate", "publish"]
    assert len(read_history(world.store, LINE)) == (promoted == "InProduction")


def test_a_finished_job_is_finished_for_good() -> None:
    world = World(a_job(EASY))
    world.run()
    before = world.job.status
    publish_version(world.store, LINE, 7)
    promote(world.store, LINE, 7, "", NOON)
    again = World(a_job(EASY), world.store)
    decision = again.run()
    assert (decision.create, decision.status) == ((), before)


def test_the_status_is_written_once_a_pass_and_not_when_nothing_changed() -> None:
    world = World(a_job(EASY))
    world.run(until="train")
    written = len(world.cluster.statuses)
    for _ in range(3):
        world.look()
    assert len(world.cluster.statuses) == written
    assert world.running() == [child_name("uid-1", "train", 1)]


def test_a_champion_that_changes_while_the_candidate_is_judged_means_another_evaluation() -> None:
    world = World(a_job(EASY))
    world.run(until="evaluate")
    publish_version(world.store, LINE, 7)
    promote(world.store, LINE, 7, "", NOON)
    decision = world.look()
    assert decision.delete == (child_name("uid-1", "evaluate", 1),)
    assert [child.name for child in decision.create] == [child_name("uid-1", "evaluate", 2)]
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")
    assert transitions(read_history(world.store, LINE))[-1][2:] == (7, 8)


def test_a_champion_that_changes_after_publishing_is_judged_again_under_the_same_number() -> None:
    world = World(a_job(EASY))
    world.run(until="publish")
    world.work()
    publish_version(world.store, LINE, 7)
    promote(world.store, LINE, 7, "", NOON)
    world.run()
    assert world.trainer.done == ["prepare", "train", "evaluate", "publish", "evaluate"]
    assert outcome(world) == ("Succeeded", "Passed", "Production")
    assert transitions(read_history(world.store, LINE)) == [(1, "Promote", None, 7), (2, "Promote", 7, 1)]


def overtaken(champion: float) -> World:
    """Version 1 has passed and is published, but version 7, which is so good, went to production before it could."""
    world = World(a_job(EASY))
    world.run(until="publish")
    world.work()
    publish_version(world.store, LINE, 7)
    promote(world.store, LINE, 7, "", NOON)
    world.trainer.means["champion"] = champion
    return world


def test_a_version_tells_the_verdict_of_when_it_was_judged_again() -> None:
    world = overtaken(0.7)
    world.now = minutes(5)
    world.run()
    assert outcome(world) == ("Succeeded", "Rejected", "Rejected")
    version = read_version(world.store, LINE, 1, read_history(world.store, LINE))
    assert (version.stage, version.evaluation.verdict.outcome) == ("Rejected", "Rejected")
    assert (version.evaluation.champion_version, version.evaluation.champion) == (7, {METRIC: 0.7})
    assert version.judged_again_at == minutes(5)
    assert version.needs_force
    with pytest.raises(InvalidInput, match="was rejected"):
        promote(world.store, LINE, 1, "", NOON)


def test_a_version_that_passes_again_tells_against_whom() -> None:
    world = overtaken(0.5)
    world.run()
    version = read_version(world.store, LINE, 1, read_history(world.store, LINE))
    assert (version.stage, version.evaluation.verdict.outcome, version.evaluation.champion_version) == ("Production", "Passed", 7)


@pytest.mark.parametrize("passes", range(9))
def test_a_judgement_is_told_once_wherever_the_operator_was_killed(passes: int) -> None:
    world = overtaken(0.7)
    for _ in range(passes):
        world.look()
        world.work()
    fresh = World(a_job(EASY), world.store)
    fresh.trainer.means = world.trainer.means
    fresh.run()
    assert outcome(fresh) == ("Succeeded", "Rejected", "Rejected")
    assert [found.key for found in world.store.list(f"{LINE.version(1).root}/verdicts")] == [LINE.version(1).verdict(1)]


def judged_again(world: World, key: str) -> None:
    """Pass after pass, until that judgement is told; the store refuses the promotion that would follow from it."""
    for _ in range(9):
        store = world.store
        world.store = failing_store(store, Faults(lambda _, call: call == "swap", StoreError))
        with contextlib.suppress(StoreError):
            world.look()
        world.store = store
        world.work()
        if world.store.exists(key):
            return
    raise AssertionError(f"{key} is never written")


def test_a_champion_that_comes_back_is_judged_against_again() -> None:
    world = overtaken(0.5)
    keys = LINE.version(1)
    judged_again(world, keys.verdict(1))
    publish_version(world.store, LINE, 8)
    promote(world.store, LINE, 8, "", NOON)
    judged_again(world, keys.verdict(2))
    rollback(world.store, LINE, "8 is bad", NOON)
    world.run()
    last = last_judgement(world.store, keys)
    assert last
    assert (last.again, last.evaluation.champion_version) == (3, 7)
    assert transitions(read_history(world.store, LINE))[-1] == (4, "Promote", 7, 1)


@pytest.mark.parametrize(
    ("job", "told"),
    [
        pytest.param(a_job(EASY), ["1 of 1 gate passed", "publish started", "shop v1 went to production"], id="promoted"),
        pytest.param(
            a_job(EASY, "Manual"),
            ["1 of 1 gate passed", "publish started", "shop v1 passed; promotion.policy Manual leaves production unchanged"],
            id="left to a person",
        ),
    ],
)
def test_what_happens_is_told_once_in_sentences(job: FineTuneJob, told: list[str]) -> None:
    world = World(job)
    world.run()
    data = "1,000 rows read, 700 to train on, 100 for validation, 400 exam queries"
    began = ["prepare started", data, "train started", "evaluate started"]
    assert [event.message for event in world.cluster.events] == [*began, *told, "shop-1 has finished"]


def test_a_second_attempt_is_told_as_one() -> None:
    world = World(a_job(EASY))
    world.look()
    end_badly(world, Exit.STOPPED, 0)
    world.look()
    assert world.cluster.events[-1].message == "prepare started again, attempt 2"


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


def test_a_version_that_was_rolled_back_before_its_job_ended_stays_rolled_back() -> None:
    world = World(a_job(EASY))
    publish_version(world.store, LINE, 1)
    promote(world.store, LINE, 1, "", NOON)
    world.run()
    world.store.delete(job_keys(world.job).result)
    rollback(world.store, LINE, "bad", NOON)
    again = World(a_job(EASY), world.store)
    again.run()
    assert outcome(again) == ("Succeeded", "Passed", "RolledBack")
    assert len(read_history(world.store, LINE)) == 3


def end_badly(world: World, code: int, at: float, message: str = "no luck") -> None:
    for name in world.running():
        world.cluster.end(name, code, message, minutes(at))


def test_a_wrong_request_is_not_tried_again() -> None:
    world = World(a_job(EASY))
    world.look()
    end_badly(world, Exit.INVALID, 1, "data.jsonl:3 is broken")
    decision = world.look()
    assert (decision.create, decision.requeue_after) == ((), None)
    assert (outcome(world)[0], reason(world, "Failed")) == ("Failed", "InvalidInput")
    statuses = len(world.cluster.statuses)
    world.look()
    assert len(world.cluster.statuses) == statuses


def test_a_failed_step_is_tried_again_after_a_pause_until_its_attempts_are_used_up() -> None:
    world = World(a_job(EASY, max_attempts=2))
    world.look()
    end_badly(world, Exit.FAILED, 0)
    assert world.look().requeue_after == 10
    world.now = minutes(1)
    assert [child.attempt for child in world.look().create] == [2]
    end_badly(world, -9, 1)
    decision = world.look()
    assert decision.requeue_after is None
    assert reason(world, "Failed") == "StepFailed"
    assert world.job.status
    assert [(a.number, a.state) for a in world.job.status.attempts] == [(1, "Failed"), (2, "Failed")]
    assert not world.store.exists(job_keys(world.job).result)


def test_a_step_that_was_asked_to_stop_has_not_failed() -> None:
    world = World(a_job(EASY, max_attempts=1))
    world.look()
    end_badly(world, Exit.STOPPED, 0)
    assert [child.attempt for child in world.look().create] == [2]


def test_a_step_that_ends_well_without_its_output_has_failed() -> None:
    world = World(a_job(EASY, max_attempts=1))
    world.look()
    world.cluster.end(world.running()[0], Exit.OK)
    world.look()
    assert reason(world, "Failed") == "Error"


def test_a_published_version_that_was_tampered_with_is_not_promoted() -> None:
    world = World(a_job(EASY))
    world.run(until="publish")
    world.work()
    world.store.put(f"{LINE.version(1).model}/model.safetensors", b"weights of X")
    world.run()
    assert (outcome(world)[0], reason(world, "Failed")) == ("Failed", "Tampered")
    assert read_history(world.store, LINE) == []


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
    request = world.cluster.requests[child_name("uid-1", "train", 1)]
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


def test_the_train_request_is_never_given_the_exam() -> None:
    world = World(a_job(EASY))
    world.run(until="train")
    request = world.cluster.requests[child_name("uid-1", "train", 1)]
    assert "e" * 64 not in request.model_dump_json()


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
