"""A job through the pipeline, from spec to release."""

from __future__ import annotations

import pytest

from embtune_api.length import LengthChoice
from embtune_api.requests import PublishRequest
from embtune_api.resources import FineTuneJob
from embtune_api.training import Training
from embtune_operator.cluster import child_name
from embtune_operator.pipeline.step_requests import job_keys
from embtune_operator.registry.history import read_history
from embtune_operator.registry.references import find_version
from embtune_operator.registry.release import promote, rollback
from embtune_operator.view.score_table import roles_of
from factories import COUNTED_LENGTH, METRIC, NOON, a_job, publish_version
from support.pipeline_world import EASY, IMPOSSIBLE, LINE, World, outcome


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
    assert world.reason("Promoted") == promoted
    assert world.trainer.done == ["prepare", "train", "evaluate", "publish"]
    assert len(read_history(world.store, LINE)) == (promoted == "InProduction")


@pytest.mark.parametrize(("length", "published"), [("Auto", COUNTED_LENGTH), (32, 32), (None, None)])
def test_a_version_says_how_much_of_a_text_was_trained_on(length: LengthChoice | None, published: int | None) -> None:
    world = World(a_job(EASY))
    world.edit(training=Training(max_seq_length=length))
    (child,) = world.run(until="publish").create
    assert isinstance(child.request, PublishRequest)
    assert child.request.training_config["maxSeqLength"] == published


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
    written = len(world.memory_cluster.statuses)
    for _ in range(3):
        world.look()
    assert len(world.memory_cluster.statuses) == written
    assert world.running() == [child_name("uid-1", "train", 1)]


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
    data = "1,000 rows read, 700 pairs to train on, 100 for validation, 400 exam queries"
    began = ["prepare started", data, "train started", "1 step in 1 s", "evaluate started"]
    assert [event.message for event in world.memory_cluster.events] == [*began, *told, "shop-1 has finished"]


def test_rows_that_were_made_are_told() -> None:
    world = World(a_job(EASY))
    world.trainer.augmented = 200
    world.run()
    (ready,) = [event.message for event in world.memory_cluster.events if "rows read" in event.message]
    assert "700 pairs to train on (200 made by augmentation), 100 for validation" in ready


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


def test_a_version_is_published_with_the_bounds_of_what_it_scored() -> None:
    world = World(a_job(EASY))
    publish_version(world.store, LINE, 1)
    promote(world.store, LINE, 1, "", NOON)
    world.run()
    version = find_version(world.store, LINE, "2")
    kept = version.evaluation.bounds
    assert {*kept} == {"candidate", "base", "champion"}
    assert list(kept["candidate"]) == [METRIC]
    shown = {role.name.partition(" ")[0]: role.bounds for role in roles_of(world.store, LINE, version)}
    told, again = kept["candidate"][METRIC], shown["candidate"][METRIC]
    assert (told.lower, told.upper) == (again.lower, again.upper)
    assert kept["base"][METRIC].upper < told.lower


def test_a_published_version_that_was_tampered_with_is_not_promoted() -> None:
    world = World(a_job(EASY))
    world.run(until="publish")
    world.work()
    world.store.put(f"{LINE.version(1).model}/model.safetensors", b"weights of X")
    world.run()
    assert (outcome(world)[0], world.reason("Failed")) == ("Failed", "Tampered")
    assert read_history(world.store, LINE) == []
