"""ModelVersions of published versions: what they show, and what people ask of them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from embtune_api.documents.publish import Owner
from embtune_api.errors import StoreError
from embtune_api.status import ModelVersionStatus
from embtune_operator.kube.kinds import EMBEDDINGMODEL, MODELVERSION
from embtune_operator.registry.release import promote, rollback
from embtune_operator.versions.resource import version_resource
from embtune_store import documents
from factories import METRIC, NOON, a_job
from integration.lines.conftest import watched
from support.failing import Faults, failing_store

if TYPE_CHECKING:
    from integration.lines.conftest import Scene

V1, V2, V3 = "shop-v1", "shop-v2", "shop-v3"


def test_a_published_version_shows_what_the_store_says(scene: Scene) -> None:
    job, ref = a_job(), scene.publish(1)
    job = job.model_copy(update={"metadata": job.metadata.model_copy(update={"namespace": scene.namespace})})
    resource = version_resource(job, ModelVersionStatus(name=V1, version=1, digest=ref.digest, stage="Candidate"))
    scene.do(scene.world.api.create(MODELVERSION, resource))
    assert scene.version_pass(V1) is None
    status = scene.status(MODELVERSION, V1)
    assert (status["stage"], status["verdict"], status["score"]) == ("Candidate", "Passed", "ndcg@10 0.600")
    assert status["metrics"] == {METRIC: 0.6}
    assert status["uri"] == f"s3://models/embtune/{scene.namespace}/shop/versions/1/model"
    assert status["observedGeneration"] == 1
    assert scene.condition(MODELVERSION, V1, "Ready")[:2] == ("True", "Published")
    assert scene.condition(MODELVERSION, V1, "Judged") == ("True", "Passed", "because")
    found = scene.get(MODELVERSION, V1)
    assert found
    assert "finalizers" not in found["metadata"]
    assert "ownerReferences" not in found["metadata"]


def test_a_pass_over_what_has_not_changed_writes_nothing(scene: Scene) -> None:
    scene.show(1)
    promote(scene.store, scene.line, 1, "", NOON)
    scene.version_pass(V1)
    before = scene.get(MODELVERSION, V1)
    scene.told.clear()
    calls = Faults(lambda _, __: False, RuntimeError)
    later = scene.changed(api=watched(scene.world.api, calls), clock=lambda: NOON + timedelta(hours=1))
    assert scene.version_pass(V1, later) is None
    assert calls.calls == []
    assert (scene.get(MODELVERSION, V1), scene.told) == (before, [])


def test_what_the_store_does_not_have_is_said(scene: Scene) -> None:
    ref = scene.publish(1)
    scene.create_version("missing", version=7, digest="0" * 64)
    scene.create_version("other", version=1, digest="0" * 64)
    scene.create_version("tampered", version=1, digest=ref.digest)
    scene.version_pass("missing")
    scene.version_pass("other")
    scene.store.delete(scene.line.version(1).metadata)
    scene.version_pass("tampered")
    assert scene.condition(MODELVERSION, "missing", "Ready")[:2] == ("False", "NotFound")
    assert "shop has no version 7" in scene.condition(MODELVERSION, "missing", "Ready")[2]
    assert scene.condition(MODELVERSION, "other", "Ready")[:2] == ("False", "OtherDigest")
    assert scene.condition(MODELVERSION, "tampered", "Ready")[:2] == ("False", "Tampered")
    assert "stage" not in scene.status(MODELVERSION, "tampered")


def test_promote_and_roll_back_by_request(scene: Scene) -> None:
    scene.show(1)
    scene.show(2)
    scene.ask(MODELVERSION, V1, "promote: first")
    scene.version_pass(V1)
    scene.ask(MODELVERSION, V2, "promote/a")
    scene.version_pass(V2)
    scene.ask(MODELVERSION, V2, "rollback/b: v2 is slow")
    scene.version_pass(V2)
    scene.version_pass(V1)
    assert scene.moves() == [(1, "Promote", None, 1), (2, "Promote", 1, 2), (3, "Rollback", 2, 1)]
    assert [scene.status(MODELVERSION, name)["stage"] for name in (V1, V2)] == ["Production", "RolledBack"]
    last = scene.status(MODELVERSION, V2)["lastRequest"]
    assert (last["value"], last["outcome"]) == ("rollback/b: v2 is slow", "Done")
    assert last["message"] == "v1 is in production again, v2 is rolled back"
    assert scene.told.count((scene.namespace, "shop")) >= 3
    assert scene.condition(MODELVERSION, V1, "Verified")[:2] == ("True", "Release3")
    assert "after it was brought back by a rollback" in scene.condition(MODELVERSION, V1, "Verified")[2]


REFUSALS = {
    "a word that is no request": ("please", "'please' is no request"),
    "a rollback of what is not in production": ("rollback", "v2 is not in production, v1 is"),
    "force without a reason": ("force-promote", "force-promote needs a reason"),
    "a request for jobs": ("suspend", "'suspend' is no request"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_request_that_cannot_be_granted_says_why(case: str, scene: Scene) -> None:
    wish, why = REFUSALS[case]
    scene.show(1)
    scene.show(2)
    promote(scene.store, scene.line, 1, "", NOON)
    scene.ask(MODELVERSION, V2, wish)
    scene.version_pass(V2)
    last = scene.status(MODELVERSION, V2)["lastRequest"]
    assert last["outcome"] == "Refused"
    assert why in last["message"]
    assert scene.moves() == [(1, "Promote", None, 1)]


def test_a_rejected_version_takes_force(scene: Scene) -> None:
    ref = scene.publish(1, outcome="Rejected")
    scene.create_version(V1, version=1, digest=ref.digest)
    scene.ask(MODELVERSION, V1, "promote")
    scene.version_pass(V1)
    assert scene.status(MODELVERSION, V1)["stage"] == "Rejected"
    assert "was rejected" in scene.status(MODELVERSION, V1)["lastRequest"]["message"]
    scene.ask(MODELVERSION, V1, "force-promote: looked at by hand")
    scene.version_pass(V1)
    assert scene.status(MODELVERSION, V1)["stage"] == "Production"


def test_a_damaged_version_is_not_promoted(scene: Scene) -> None:
    scene.show(1)
    scene.store.put(f"{scene.line.version(1).model}/model.safetensors", b"others")
    scene.ask(MODELVERSION, V1, "promote")
    scene.version_pass(V1)
    assert "is not what was published" in scene.status(MODELVERSION, V1)["lastRequest"]["message"]
    assert scene.in_production() is None


def test_a_pin_wins_over_requests(scene: Scene) -> None:
    scene.show(1)
    scene.show(2)
    scene.create_line(release={"pin": 1})
    scene.line_pass()
    scene.ask(MODELVERSION, V2, "promote")
    scene.version_pass(V2)
    last = scene.status(MODELVERSION, V2)["lastRequest"]
    assert (last["outcome"], "EmbeddingModel shop pins v1" in last["message"]) == ("Refused", True)
    assert scene.in_production() == 1
    assert scene.status(EMBEDDINGMODEL, "shop")["production"]["version"] == 1


def test_a_line_of_another_cluster_is_not_released_from_here(scene: Scene) -> None:
    scene.show(1)
    documents.create(scene.store, scene.line.owner, Owner(cluster="elsewhere", namespace_uid="ns"))
    scene.ask(MODELVERSION, V1, "promote")
    scene.version_pass(V1)
    assert "belongs to cluster elsewhere" in scene.status(MODELVERSION, V1)["lastRequest"]["message"]
    assert scene.in_production() is None


def test_the_same_words_again_are_a_new_request_once_another_was_answered(scene: Scene) -> None:
    for number in (1, 2, 3):
        scene.show(number)
        promote(scene.store, scene.line, number, "", NOON)
    scene.ask(MODELVERSION, V3, "rollback")
    scene.version_pass(V3)
    scene.ask(MODELVERSION, V3, "force-promote: it was all right")
    scene.version_pass(V3, scene.changed(clock=lambda: NOON + timedelta(minutes=1)))
    scene.ask(MODELVERSION, V3, "rollback")
    scene.version_pass(V3, scene.changed(clock=lambda: NOON + timedelta(minutes=2)))
    assert scene.moves()[3:] == [(4, "Rollback", 3, 2), (5, "Promote", 2, 3), (6, "Rollback", 3, 2)]


def test_a_request_is_carried_out_once_though_the_operator_dies_before_it_says_so(scene: Scene) -> None:
    for number in (1, 2, 3):
        scene.show(number)
        promote(scene.store, scene.line, number, "", NOON)
    scene.ask(MODELVERSION, V3, "rollback")
    deaf = watched(scene.world.api, Faults(lambda _, name: name == "apply_status", StoreError))
    with pytest.raises(StoreError):
        scene.version_pass(V3, scene.changed(api=deaf))
    assert "lastRequest" not in (scene.get(MODELVERSION, V3) or {}).get("status", {})
    scene.version_pass(V3)
    assert scene.moves()[3:] == [(4, "Rollback", 3, 2)]
    assert scene.status(MODELVERSION, V3)["lastRequest"]["outcome"] == "Done"


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "its answer is lost"])
@pytest.mark.parametrize("which", range(3))
def test_a_request_is_carried_out_once_whichever_write_fails(which: int, after: bool, scene: Scene) -> None:
    for number in (1, 2):
        scene.show(number)
        promote(scene.store, scene.line, number, "", NOON)
    scene.ask(MODELVERSION, V2, "rollback")
    left = [which]

    def strikes(_: int, name: str) -> bool:
        left[0] -= name in ("create", "swap")
        return left[0] < 0

    with pytest.raises(StoreError):
        scene.version_pass(V2, scene.changed(store=failing_store(scene.store, Faults(strikes, StoreError, after))))
    scene.version_pass(V2)
    assert scene.moves() == [(1, "Promote", None, 1), (2, "Promote", 1, 2), (3, "Rollback", 2, 1)]
    assert scene.status(MODELVERSION, V2)["lastRequest"]["outcome"] == "Done"


def test_what_a_rollback_brings_back_is_verified_until_it_is_sound(scene: Scene) -> None:
    scene.show(1)
    scene.show(2)
    for number in (1, 2):
        promote(scene.store, scene.line, number, "", NOON)
    scene.version_pass(V1)
    key = f"{scene.line.version(1).model}/model.safetensors"
    sound = scene.store.get(key)
    scene.store.put(key, b"others")
    scene.ask(MODELVERSION, V2, "rollback")
    scene.version_pass(V2)
    last = scene.status(MODELVERSION, V2)["lastRequest"]
    assert (last["outcome"], "but it is damaged" in last["message"]) == ("Done", True)
    scene.version_pass(V1)
    assert scene.condition(MODELVERSION, V1, "Verified")[:2] == ("False", "Release3")
    assert "promote another version at once" in scene.condition(MODELVERSION, V1, "Verified")[2]
    scene.store.put(key, sound)
    scene.version_pass(V1)
    assert scene.condition(MODELVERSION, V1, "Verified")[:2] == ("True", "Release3")


def test_a_rollback_from_elsewhere_is_verified_once(scene: Scene) -> None:
    scene.show(1)
    scene.publish(2)
    for number in (1, 2):
        promote(scene.store, scene.line, number, "", NOON)
    rollback(scene.store, scene.line, "", NOON)
    calls = Faults(lambda _, __: False, StoreError)
    counted = scene.changed(store=failing_store(scene.store, calls))
    scene.version_pass(V1, counted)
    assert calls.calls.count("chunks") == 3, "every file was read"
    scene.version_pass(V1, counted)
    assert calls.calls.count("chunks") == 3, "and not again"


def test_what_never_changes_is_read_once(scene: Scene) -> None:
    for number in (1, 2):
        scene.show(number)
        promote(scene.store, scene.line, number, "", NOON)
    calls = Faults(lambda _, __: False, StoreError)
    counted = scene.changed(store=failing_store(scene.store, calls))
    scene.version_pass(V1, counted)
    first = calls.calls.copy()
    calls.calls.clear()
    scene.version_pass(V2, counted)
    assert len(first) - len(calls.calls) == 3, "both entries of the history, and the metadata of what is in production"
