"""EmbeddingModels: the pin, the template's jobs, and what is shown of the line."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from embtune_api.errors import StoreError
from embtune_operator.kube.errors import Conflict, Unreachable
from embtune_operator.kube.kinds import EMBEDDINGMODEL, FINETUNEJOB, MODELVERSION, Kind
from embtune_operator.lines.reconcile import reconcile_line
from embtune_operator.registry.release import promote, retire
from factories import NOON
from integration.lines.conftest import MODEL, watched
from support.failing import Faults, failing_store

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from integration.lines.conftest import Scene

QUEUE = "kueue.x-k8s.io/queue-name"
HASH = "embtune.dev/template-hash"
RESOURCE_QUOTA = Kind("", "v1", "resourcequotas", "ResourceQuota")


def template(epochs: int = 1, **spec: Any) -> dict[str, Any]:
    recipe = {
        "baseModel": {"uri": "hf://a/b"},
        "data": {"train": [{"uri": "s3://data/train.jsonl"}]},
        "training": {"epochs": epochs},
        **spec,
    }
    return {"spec": recipe}


def quota(namespace: str) -> dict[str, Any]:
    """No room for any job. Until a controller has counted, the API server refuses them all the more."""
    metadata = {"name": "none", "namespace": namespace}
    hard = {"count/finetunejobs.embtune.dev": "0"}
    return {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": hard}}


def ready(scene: Scene) -> tuple[str, str, str]:
    return scene.condition(EMBEDDINGMODEL, MODEL, "Ready")


def released(scene: Scene) -> tuple[str, str, str]:
    return scene.condition(EMBEDDINGMODEL, MODEL, "Released")


def latest(scene: Scene) -> str:
    name: str = scene.status(EMBEDDINGMODEL, MODEL)["latestJob"]["name"]
    return name


def test_a_line_shows_what_is_in_production(scene: Scene) -> None:
    scene.create_line()
    assert scene.line_pass() is None
    assert released(scene)[:2] == ("False", "NothingReleased")
    for number in (1, 2):
        scene.publish(number)
        promote(scene.store, scene.line, number, f"because of {number}", NOON)
    scene.line_pass()
    status = scene.status(EMBEDDINGMODEL, MODEL)
    assert (status["production"]["version"], status["previous"]["version"]) == (2, 1)
    assert released(scene) == ("True", "Promote", "v2 is in production: because of 2")
    assert ready(scene)[:2] == ("True", "NoTemplate")


def test_a_pass_over_what_has_not_changed_writes_nothing(scene: Scene) -> None:
    scene.create_line(template=template())
    scene.line_pass()
    scene.line_pass()
    before = scene.get(EMBEDDINGMODEL, MODEL)
    calls = Faults(lambda _, __: False, RuntimeError)
    scene.line_pass(scene.changed(api=watched(scene.world.api, calls), clock=lambda: NOON + timedelta(hours=1)))
    assert calls.calls == ["list"]
    assert scene.get(EMBEDDINGMODEL, MODEL) == before


def test_a_pin_brings_its_version_into_production_and_keeps_it_there(scene: Scene) -> None:
    for number in (1, 2):
        scene.publish(number)
    promote(scene.store, scene.line, 2, "", NOON)
    scene.create_line(release={"pin": 1})
    scene.line_pass()
    assert scene.in_production() == 1
    assert released(scene) == ("True", "Pinned", "v1 is in production: it is pinned")
    promote(scene.store, scene.line, 2, "somebody else", NOON)
    scene.line_pass()
    assert scene.moves()[1:] == [(2, "Promote", 2, 1), (3, "Promote", 1, 2), (4, "Promote", 2, 1)]
    assert (scene.namespace, MODEL) in scene.told


def test_a_pin_wins_over_verdict_and_rollback(scene: Scene) -> None:
    scene.publish(1)
    scene.publish(2, outcome="Rejected")
    promote(scene.store, scene.line, 1, "", NOON)
    scene.create_line(release={"pin": 2})
    scene.line_pass()
    scene.ask(EMBEDDINGMODEL, MODEL, "rollback: now")
    scene.line_pass()
    last = scene.status(EMBEDDINGMODEL, MODEL)["lastRequest"]
    assert (last["outcome"], "a pin wins over requests" in last["message"]) == ("Refused", True)
    assert scene.in_production() == 2


def damage(scene: Scene) -> None:
    scene.store.put(f"{scene.line.version(2).model}/model.safetensors", b"others")


def lose(scene: Scene) -> None:
    scene.store.delete(scene.line.version(2).manifest)


def remove(scene: Scene) -> None:
    retire(scene.store, scene.line, 2, "", NOON)


FAULTS = {
    "damaged": (damage, "PinnedVersionDamaged", "is not what was published"),
    "missing": (lose, "PinRefused", "shop has no version 2"),
    "deleted": (remove, "PinRefused", "shop v2 was deleted"),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_pinned_version_that_cannot_be_used_changes_nothing(case: str, scene: Scene) -> None:
    act, reason, why = FAULTS[case]
    for number in (1, 2):
        scene.publish(number)
    promote(scene.store, scene.line, 1, "", NOON)
    act(scene)
    scene.create_line(release={"pin": 2})
    assert scene.line_pass(), "it may be restored"
    assert released(scene)[:2] == ("False", reason)
    assert released(scene)[2].startswith("v2 is pinned, but v1 is in production: ")
    assert why in released(scene)[2]
    assert scene.in_production() == 1


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "its answer is lost"])
@pytest.mark.parametrize("which", range(8))
def test_a_pin_is_kept_once_whichever_call_of_the_store_fails(which: int, after: bool, scene: Scene) -> None:
    for number in (1, 2):
        scene.publish(number)
    promote(scene.store, scene.line, 2, "", NOON)
    scene.create_line(release={"pin": 1})
    faults = Faults(lambda number, _: number == which, StoreError, after)
    with pytest.raises(StoreError):
        scene.line_pass(scene.changed(store=failing_store(scene.store, faults)))
    scene.line_pass()
    assert scene.moves() == [(1, "Promote", None, 2), (2, "Promote", 2, 1)]
    assert released(scene)[:2] == ("True", "Pinned")


def test_a_line_is_rolled_back_by_request(scene: Scene) -> None:
    for number in (1, 2):
        scene.publish(number)
        promote(scene.store, scene.line, number, "", NOON)
    scene.create_line()
    scene.ask(EMBEDDINGMODEL, MODEL, "rollback: v2 is slow")
    scene.line_pass()
    assert scene.status(EMBEDDINGMODEL, MODEL)["lastRequest"]["outcome"] == "Done"
    assert released(scene) == ("True", "Rollback", "v1 is in production: request by annotation: rollback: v2 is slow")


def test_a_template_makes_one_job(scene: Scene) -> None:
    scene.create_line(template={"labels": {QUEUE: "team"}, **template(suspend=True, ttlSecondsAfterFinished=60)})
    for _ in range(2):
        scene.line_pass()
    (job,) = scene.jobs().values()
    line = scene.get(EMBEDDINGMODEL, MODEL)
    assert line
    assert job["metadata"]["labels"] == {
        QUEUE: "team",
        "embtune.dev/model": MODEL,
        HASH: job["metadata"]["name"].removeprefix("shop-"),
    }
    (owner,) = job["metadata"]["ownerReferences"]
    assert (owner["uid"], owner["controller"]) == (line["metadata"]["uid"], True)
    assert (job["spec"]["model"], job["spec"]["suspend"], job["spec"]["training"]["epochs"]) == (MODEL, True, 1)
    assert latest(scene) == job["metadata"]["name"]
    assert ready(scene)[:2] == ("False", "JobUnfinished")


def test_an_edit_of_what_may_change_changes_the_job_that_is_there(scene: Scene) -> None:
    scene.create_line(template=template(suspend=True, ttlSecondsAfterFinished=60))
    scene.line_pass()
    scene.do(
        scene.world.api.merge(
            EMBEDDINGMODEL,
            scene.namespace,
            MODEL,
            {"spec": {"template": {"labels": {QUEUE: "team"}, "spec": {"suspend": False, "ttlSecondsAfterFinished": None}}}},
        )
    )
    scene.line_pass()
    (job,) = scene.jobs().values()
    assert job["spec"]["suspend"] is False
    assert "ttlSecondsAfterFinished" not in job["spec"]
    assert job["metadata"]["labels"][QUEUE] == "team"


def test_a_new_template_waits_for_the_job_of_the_old_one(scene: Scene) -> None:
    scene.create_line(template=template(1))
    scene.line_pass()
    first = latest(scene)
    scene.edit(EMBEDDINGMODEL, MODEL, template=template(2))
    assert scene.line_pass()
    assert list(scene.jobs()) == [first]
    assert ready(scene)[:2] == ("False", "WaitingForJob")
    assert f"when {first} (Pending) has ended: concurrencyPolicy is Forbid" in ready(scene)[2]
    scene.end_job(first, "Failed", "Failed", "no luck")
    scene.line_pass()
    assert set(scene.jobs()) == {first, latest(scene)}


def test_a_new_template_replaces_the_job_of_the_old_one(scene: Scene) -> None:
    scene.create_line(template=template(1), concurrencyPolicy="Replace")
    scene.line_pass()
    first = latest(scene)
    scene.edit(EMBEDDINGMODEL, MODEL, template=template(2))
    scene.line_pass()
    assert list(scene.jobs()) == [latest(scene)]
    assert latest(scene) != first


def test_a_new_template_runs_beside_the_job_of_the_old_one(scene: Scene) -> None:
    scene.create_line(template=template(1), concurrencyPolicy="Allow")
    scene.line_pass()
    scene.edit(EMBEDDINGMODEL, MODEL, template=template(2))
    scene.line_pass()
    assert len(scene.jobs()) == 2


def test_going_back_to_an_earlier_template_finds_its_finished_job(scene: Scene) -> None:
    scene.create_line(template=template(1))
    scene.line_pass()
    first = latest(scene)
    scene.end_job(first, "Succeeded", "Complete", "shop v1 is published: Passed")
    scene.line_pass()
    assert ready(scene) == ("True", "UpToDate", f"{first} has finished: shop v1 is published: Passed")
    time.sleep(1.1)  # creation times have whole seconds
    scene.edit(EMBEDDINGMODEL, MODEL, template=template(2))
    scene.line_pass()
    second = latest(scene)
    scene.end_job(second, "Succeeded", "Complete", "shop v2 is published: Passed")
    scene.edit(EMBEDDINGMODEL, MODEL, template=template(1))
    assert scene.line_pass() is None
    assert latest(scene) == first
    assert ready(scene)[0] == "True"
    assert f"to have it so, delete {first}" in ready(scene)[2]
    assert set(scene.jobs()) == {first, second}
    scene.do(scene.world.api.delete(FINETUNEJOB, scene.namespace, first))
    scene.line_pass()
    assert set(scene.jobs()) == {first, second}
    assert ready(scene)[1] == "JobUnfinished"


def test_a_failed_job_is_told(scene: Scene) -> None:
    scene.create_line(template=template())
    scene.line_pass()
    scene.end_job(latest(scene), "Failed", "Failed", "prepare: data.train[0] has 3 rows")
    scene.line_pass()
    assert ready(scene)[:2] == ("False", "JobFailed")
    assert "data.train[0] has 3 rows" in ready(scene)[2]
    assert scene.status(EMBEDDINGMODEL, MODEL)["latestJob"]["phase"] == "Failed"


def test_a_strangers_job_of_that_name_is_left_alone(scene: Scene) -> None:
    scene.create_line(template=template())
    scene.line_pass()
    name = latest(scene)
    scene.do(scene.world.api.merge(FINETUNEJOB, scene.namespace, name, {"metadata": {"labels": {HASH: None}}}))
    assert scene.line_pass()
    assert ready(scene)[:2] == ("False", "NameTaken")
    assert list(scene.jobs()) == [name]


def test_what_the_api_server_refuses_is_told(scene: Scene) -> None:
    scene.create_line(template=template())
    scene.do(scene.world.api.create(RESOURCE_QUOTA, quota(scene.namespace)))
    assert scene.line_pass()
    assert ready(scene)[:2] == ("False", "TemplateRefused")
    assert "quota" in ready(scene)[2]
    assert scene.jobs() == {}


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "its answer is lost"])
@pytest.mark.parametrize("which", ["list", "delete", "create", "apply_status"])
def test_one_job_is_made_whichever_call_of_the_cluster_fails(which: str, after: bool, scene: Scene) -> None:
    scene.create_line(template=template(1), concurrencyPolicy="Replace")
    scene.line_pass()
    first = latest(scene)
    scene.edit(EMBEDDINGMODEL, MODEL, template=template(2))
    faults = Faults(lambda _, name: name == which, Unreachable, after)
    with pytest.raises(Unreachable):
        scene.line_pass(scene.changed(api=watched(scene.world.api, faults)))
    scene.line_pass()
    assert list(scene.jobs()) == [latest(scene)]
    assert latest(scene) != first


def test_two_operators_at_once_make_one_job(scene: Scene) -> None:
    scene.create_line(template=template())
    line = scene.read_line()
    scene.do(both(reconcile_line(line, scene.world), reconcile_line(line, scene.world)))
    assert len(scene.jobs()) == 1


def test_jobs_go_with_their_line_and_versions_stay(scene: Scene) -> None:
    scene.create_line(template=template())
    scene.show(1)
    scene.line_pass()
    scene.do(scene.world.api.delete(EMBEDDINGMODEL, scene.namespace, MODEL))
    scene.until(lambda: not scene.jobs())
    assert scene.get(EMBEDDINGMODEL, MODEL) is None
    assert scene.get(MODELVERSION, "shop-v1")


async def both(*passes: Coroutine[Any, Any, float | None]) -> None:
    """Whoever was too slow to write the status looks again."""
    for outcome in await asyncio.gather(*passes, return_exceptions=True):
        assert not isinstance(outcome, BaseException) or isinstance(outcome, Conflict), outcome
