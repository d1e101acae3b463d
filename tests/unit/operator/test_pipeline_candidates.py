"""A job with several candidates through the pipeline: each is trained, one is picked, the winner alone is examined."""

from __future__ import annotations

import contextlib
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from embtune_api.errors import Exit, StoreError
from embtune_api.ranking import Pick
from embtune_api.requests import EvaluateRequest, PrepareRequest, PublishRequest, TrainRequest
from embtune_operator.pipeline.step_requests import job_keys
from embtune_store import documents
from factories import a_job, a_model
from support.failing import Faults, failing_store
from support.pipeline_world import EASY, World, outcome

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embtune_api.requests import AnyRequest

TWO: list[dict[str, Any]] = [{"name": "cold", "training": {"learningRate": 1e-6}}, {"name": "warm"}]
OTHER_BASE: dict[str, Any] = {"name": "other", "baseModel": {"uri": "hf://c/d"}, "encoder": {"prompts": {"query": "query: "}}}


def a_world(*candidates: dict[str, Any], **job: Any) -> World:
    world = World(a_job(EASY, candidates=candidates or TWO, **job))
    world.trainer.trials = {"warm": 0.6, "other": 0.7}
    world.trainer.queries = 60
    return world


def requests(world: World) -> list[AnyRequest]:
    return list(world.memory_cluster.requests.values())


def trainings(world: World) -> list[TrainRequest]:
    return [request for request in requests(world) if isinstance(request, TrainRequest)]


def phases(world: World) -> dict[str, str]:
    return {one.name: one.phase + (" picked" if one.picked else "") for one in world.status.candidates}


def pick_of(world: World) -> Pick:
    found = documents.read(world.trainer.store, job_keys(world.job).pick, Pick)
    assert found
    return found


def test_each_is_trained_and_the_winner_alone_is_examined_and_published() -> None:
    world = a_world(*TWO, OTHER_BASE)
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")
    assert world.trainer.done == ["prepare", "train", "train", "train", "evaluate", "publish"]
    assert phases(world) == {"cold": "Trained", "warm": "Trained", "other": "Trained picked"}
    (examined,) = [request for request in requests(world) if isinstance(request, EvaluateRequest)]
    judged = {one.role: one.model.digest for one in examined.models}
    assert judged == {"candidate": a_model("candidate of uid-1 other").digest, "base": a_model("base").digest}
    (published,) = [request for request in requests(world) if isinstance(request, PublishRequest)]
    assert published.base.uri == "hf://c/d"
    assert published.lineage["base"]["uri"] == "hf://a/b", "gates compare with the job's own base"
    assert published.lineage["candidates"] == pick_of(world).ranking.model_dump(mode="json")


def test_each_has_the_jobs_recipe_but_for_what_it_says_otherwise() -> None:
    world = a_world(*TWO, OTHER_BASE)
    world.run()
    cold, warm, other = trainings(world)
    assert [one.candidate for one in (cold, warm, other)] == ["cold", "warm", "other"]
    assert (cold.training.learning_rate, warm.training.learning_rate) == (1e-6, 5e-5)
    assert cold.training.model_copy(update={"learning_rate": 5e-5}) == warm.training == other.training
    assert cold.base == warm.base == a_model("base")
    assert other.base == a_model("hf://c/d")
    assert other.encoder
    assert warm.encoder is None
    assert cold.rows == warm.rows == other.rows
    assert cold.validation == warm.validation == other.validation
    assert len({cold.digest, warm.digest, other.digest}) == 3


def test_what_is_told() -> None:
    world = a_world()
    world.run()
    told = [event.message for event in world.memory_cluster.events]
    line = pick_of(world).ranking.line
    assert told[2:7] == [
        "train of cold started",
        "candidate cold: ndcg@10 0.500",
        "train of warm started",
        "candidate warm: ndcg@10 0.600",
        line,
    ]
    picked = world.condition("Picked")
    assert picked
    assert (picked.reason, picked.message) == ("Best", line)
    cold, warm = world.status.candidates
    assert warm.lower is not None
    assert warm.upper is not None
    assert warm.lower < 0.6 < warm.upper
    assert warm.behind == 0
    assert cold.behind == pytest.approx(0.1)
    assert (warm.parameters, warm.dimension, warm.size, warm.texts_a_second) == (100, 32, 400, 1000)


def test_the_status_shows_who_is_at_work_and_who_waits() -> None:
    world = a_world()
    world.run(until="train")
    assert phases(world) == {"cold": "Training", "warm": "Waiting"}
    world.work()
    world.look()
    assert phases(world) == {"cold": "Trained", "warm": "Training"}
    assert [attempt.state for attempt in world.attempts("train")] == ["Succeeded", "Queued"]


@pytest.mark.parametrize(
    ("code", "reason", "message"),
    [
        pytest.param(Exit.INVALID, None, "dims: 512 is more than 32", id="a recipe that cannot be"),
        pytest.param(Exit.FAILED, "OutOfMemory", "no memory", id="memory that ran out to the end"),
    ],
)
def test_one_that_cannot_be_trained_drops_out_with_its_reason(code: Exit, reason: Any, message: str) -> None:
    world = a_world(max_attempts=2)
    world.run(until="train")
    for at in range(30):
        if phases(world)["cold"] == "Failed":
            break
        world.end_badly(code, at / 60, message, reason)
        world.now = world.now.replace(minute=at)
        world.look()
    assert message in world.status.candidates[0].message
    assert world.trainer.done == ["prepare"]
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")
    assert phases(world) == {"cold": "Failed", "warm": "Trained picked"}
    assert world.reason("Picked") == "OnlyOne"
    assert any(event.reason == "CandidateFailed" for event in world.memory_cluster.events)


def test_a_recipe_that_the_prepared_data_refuses_is_not_launched() -> None:
    scratch = {"name": "scratch", "training": {"tune": {"fromScratch": True}}}  # 700 rows are too few for that
    world = a_world(scratch, {"name": "warm"})
    world.run()
    assert phases(world) == {"scratch": "Failed", "warm": "Trained picked"}
    assert "700 rows to train on are too few to learn from nothing" in world.status.candidates[0].message
    assert [request.candidate for request in trainings(world)] == ["warm"]


def test_the_job_fails_where_none_can_be_trained_and_a_next_run_tries_again() -> None:
    world = a_world()
    world.run(until="train")
    for _ in range(2):
        world.end_badly(Exit.INVALID, 0, "no good")
        world.look()
    assert (world.status.phase, world.reason("Failed")) == ("Failed", "InvalidInput")
    failed = world.condition("Failed")
    assert failed
    assert failed.message == "none of the 2 candidates could be trained: cold: no good; warm: no good"
    again = World(world.job.model_copy(update={"status": None}), world.store)
    again.watched = False
    again.run(until="train")
    assert phases(again) == {"cold": "Training", "warm": "Waiting"}
    again.work()
    again.run()
    assert outcome(again) == ("Succeeded", "Passed", "Production")


@pytest.mark.parametrize(
    ("budget", "ends"),
    [
        pytest.param(1, {"cold": "Trained picked", "warm": "Skipped", "other": "Skipped"}, id="the first is always trained"),
        pytest.param(15, {"cold": "Trained", "warm": "Trained picked", "other": "Skipped"}, id="one that has begun is finished"),
        pytest.param(21, {"cold": "Trained", "warm": "Trained", "other": "Trained picked"}, id="enough for all"),
    ],
)
def test_a_budget(budget: int, ends: dict[str, str]) -> None:
    world = a_world(*TWO, OTHER_BASE, candidatesSeconds=budget)
    world.trainer.seconds = 10
    world.run()
    assert outcome(world)[0] == "Succeeded"
    assert phases(world) == ends
    skipped = [one.message for one in world.status.candidates if one.phase == "Skipped"]
    assert all(f"s of the {budget} s that runtime.candidatesSeconds allows" in message for message in skipped)


def test_the_pick_stays_whatever_a_later_pass_would_say() -> None:
    world = a_world()
    world.run(until="evaluate")
    pick = pick_of(world)
    other = World(world.job.model_copy(update={"status": None}), world.store)
    other.watched = False
    other.trainer.trials = {"cold": 0.9}
    other.trainer.queries = 60
    other.run()
    assert outcome(other) == ("Succeeded", "Passed", "Production")
    assert pick_of(other) == pick
    assert other.trainer.done == ["evaluate", "publish"]


def test_a_job_that_was_suspended_in_a_training_goes_on_with_it() -> None:
    world = a_world()
    world.run(until="train")
    world.wish("suspend")
    world.look()
    world.end_badly(Exit.STOPPED, 0, "saved")
    world.look()
    assert world.status.phase == "Suspended"
    world.wish("resume")
    world.run()
    assert phases(world) == {"cold": "Trained", "warm": "Trained picked"}
    assert [request.candidate for request in trainings(world)] == ["cold", "cold", "warm"]


def _is_write(number: int, writes: Iterator[int], _call: int, name: str) -> bool:
    """Of the writes the one with that number."""
    return name in ("create", "put", "delete") and next(writes) == number


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "after it took effect"])
def test_each_write_may_fail_until_one_is_picked(after: bool) -> None:
    """One is trained, one drops out, one is trained; then they are ranked. Each write fails once, and the next pass goes on."""
    three = [TWO[0], {"name": "bad"}, TWO[1]]
    whole = until_the_pick(a_world(*three))
    for number in range(20):
        world, writes = a_world(*three), count()
        faults = Faults(partial(_is_write, number, writes), StoreError, after=after)
        world.store = failing_store(world.trainer.store, faults)
        until_the_pick(world)
        assert pick_of(world).ranking == pick_of(whole).ranking
        assert phases(world) == phases(whole) == {"cold": "Trained", "bad": "Failed", "warm": "Trained picked"}
        assert world.trainer.done == ["prepare", "train", "train"]
        if next(writes) <= number:
            assert number >= 2, "an end and the pick are written at least"
            return
    raise AssertionError("there are fewer writes than that")


def until_the_pick(world: World) -> World:
    """Pass after pass, some of which fail, until the winner is examined."""
    for _ in range(30):
        with contextlib.suppress(StoreError):
            world.look()
        for name in world.running():
            request = world.memory_cluster.requests[name]
            if isinstance(request, EvaluateRequest):
                return world
            if isinstance(request, TrainRequest) and request.candidate == "bad":
                world.memory_cluster.end(name, Exit.INVALID, "no good")
            else:
                world.trainer.work(request)
                world.memory_cluster.end(name, Exit.OK)
    raise AssertionError("nobody is examined")


def test_a_job_without_candidates_is_asked_nothing_of_them() -> None:
    world = World(a_job(EASY))
    world.run()
    prepare, train, *_ = requests(world)
    assert isinstance(prepare, PrepareRequest)
    assert isinstance(train, TrainRequest)
    assert (prepare.bases, train.candidate) == ({}, None)
    assert world.status.candidates == []
    assert world.condition("Picked") is None
