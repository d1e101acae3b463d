"""What is in production changes while a job is at work."""

from __future__ import annotations

import contextlib

import pytest

from embtune_api.errors import InvalidInput, StoreError
from embtune_operator.cluster import child_name
from embtune_operator.registry.history import read_history
from embtune_operator.registry.judgements import last_judgement
from embtune_operator.registry.release import promote, rollback
from embtune_operator.registry.versions import read_version
from factories import METRIC, NOON, a_job, minutes, publish_version, transitions
from support.failing import Faults, failing_store
from support.pipeline_world import EASY, LINE, World, outcome


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


def test_a_publishing_that_was_superseded_has_not_failed() -> None:
    """As in a local run, where nothing that fails is tried again."""
    world = World(a_job(EASY), max_attempts=1)
    world.run(until="publish")
    world.look()
    publish_version(world.store, LINE, 7)
    promote(world.store, LINE, 7, "", NOON)
    decision = world.look()
    assert decision.delete == (child_name("uid-1", "publish", 1),)
    assert [child.name for child in decision.create] == [child_name("uid-1", "evaluate", 2)]
    assert [(a.state, a.reason) for a in world.attempts("publish")] == [("Failed", "Superseded")]
    world.run()
    assert outcome(world) == ("Succeeded", "Passed", "Production")
    assert world.condition("Retried") is None
