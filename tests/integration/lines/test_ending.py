"""The end of a ModelVersion: what goes with it, what stays, and that nothing hangs for ever."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from embtune_api.documents.publish import Claim
from embtune_api.errors import StoreError
from embtune_operator.kube.errors import Conflict
from embtune_operator.kube.kinds import MODELVERSION, NAMESPACE
from embtune_operator.registry.release import promote
from embtune_operator.registry.versions import version_numbers
from embtune_operator.versions.finalizer import FINALIZER
from embtune_operator.versions.reconcile import reconcile_version
from embtune_store import documents
from factories import NOON
from support.failing import Faults, failing_store

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from integration.lines.conftest import Scene

V1, V2 = "shop-v1", "shop-v2"


def delete(scene: Scene, name: str) -> None:
    scene.do(scene.world.api.delete(MODELVERSION, scene.namespace, name))


def finalizers(scene: Scene, name: str) -> list[str]:
    found = scene.get(MODELVERSION, name)
    assert found
    return list(found["metadata"].get("finalizers") or [])


def two_versions(scene: Scene) -> None:
    """v1 goes with its files, v2 is in production."""
    for number, policy in ((1, "Delete"), (2, "Retain")):
        scene.show(number, deletionPolicy=policy)
        documents.create(scene.store, scene.line.version(number).claim, Claim(job_uid="job", digest=str(number)))
        scene.settle(f"shop-v{number}")
    promote(scene.store, scene.line, 2, "", NOON)


def left_of(scene: Scene, number: int) -> list[str]:
    root = scene.line.version(number).root
    return sorted(found.key.removeprefix(f"{root}/") for found in scene.store.list(root))


def test_a_version_that_is_retained_goes_with_no_operator_around(scene: Scene) -> None:
    scene.show(1)
    scene.version_pass(V1)
    delete(scene, V1)
    assert scene.get(MODELVERSION, V1) is None
    assert version_numbers(scene.store, scene.line) == [1]


def test_the_finalizer_follows_the_policy(scene: Scene) -> None:
    scene.show(1)
    scene.settle(V1)
    assert finalizers(scene, V1) == []
    scene.edit(MODELVERSION, V1, deletionPolicy="Delete")
    scene.settle(V1)
    assert finalizers(scene, V1) == [FINALIZER]
    scene.edit(MODELVERSION, V1, deletionPolicy="Retain")
    scene.settle(V1)
    assert finalizers(scene, V1) == []


def test_the_files_go_first_and_then_the_resource(scene: Scene) -> None:
    two_versions(scene)
    delete(scene, V1)
    assert finalizers(scene, V1) == [FINALIZER]
    scene.told.clear()
    assert scene.version_pass(V1) is None
    assert scene.get(MODELVERSION, V1) is None
    assert left_of(scene, 1) == ["claim.json"]
    assert version_numbers(scene.store, scene.line) == [2]
    assert scene.told == [(scene.namespace, "shop")]


@pytest.mark.parametrize("after", [False, True], ids=["before it took effect", "its answer is lost"])
@pytest.mark.parametrize("which", range(10))
def test_a_deletion_is_finished_whichever_call_of_the_store_fails(which: int, after: bool, scene: Scene) -> None:
    two_versions(scene)
    delete(scene, V1)
    faults = Faults(lambda number, _: number == which, StoreError, after)
    with pytest.raises(StoreError):
        scene.version_pass(V1, scene.changed(store=failing_store(scene.store, faults)))
    assert scene.version_pass(V1) is None
    assert scene.get(MODELVERSION, V1) is None
    assert left_of(scene, 1) == ["claim.json"]
    assert scene.moves() == [(1, "Promote", None, 2), (2, "Delete", None, 1)]


def test_a_version_in_production_stays_until_another_one_is_there(scene: Scene) -> None:
    two_versions(scene)
    promote(scene.store, scene.line, 1, "", NOON)
    scene.version_pass(V1)
    delete(scene, V1)
    assert scene.version_pass(V1)
    assert scene.condition(MODELVERSION, V1, "Ready")[:2] == ("False", "DeletionRefused")
    assert "promote another version or roll back first" in scene.condition(MODELVERSION, V1, "Ready")[2]
    assert scene.status(MODELVERSION, V1)["stage"] == "Production"
    promote(scene.store, scene.line, 2, "", NOON)
    scene.version_pass(V1)
    assert scene.get(MODELVERSION, V1) is None
    assert left_of(scene, 1) == ["claim.json"]


def test_whoever_thinks_better_of_it_keeps_the_files(scene: Scene) -> None:
    two_versions(scene)
    promote(scene.store, scene.line, 1, "", NOON)
    delete(scene, V1)
    scene.version_pass(V1)
    scene.edit(MODELVERSION, V1, deletionPolicy="Retain")
    scene.version_pass(V1)
    assert scene.get(MODELVERSION, V1) is None
    assert scene.in_production() == 1
    assert "manifest.json" in left_of(scene, 1)


def test_a_namespace_that_goes_is_not_held_by_what_is_in_production(scene: Scene) -> None:
    two_versions(scene)
    promote(scene.store, scene.line, 1, "", NOON)
    delete(scene, V1)
    scene.version_pass(V1)
    scene.do(scene.world.api.delete(NAMESPACE, None, scene.namespace))
    scene.version_pass(V1)
    assert scene.get(MODELVERSION, V1) is None
    assert "manifest.json" in left_of(scene, 1)


def test_files_of_another_version_are_left_alone(scene: Scene) -> None:
    scene.publish(1)
    scene.create_version("claims-too-much", version=1, digest="0" * 64, deletionPolicy="Delete")
    scene.settle("claims-too-much")
    delete(scene, "claims-too-much")
    scene.version_pass("claims-too-much")
    assert scene.get(MODELVERSION, "claims-too-much") is None
    assert version_numbers(scene.store, scene.line) == [1]


def test_two_operators_who_delete_it_at_once_delete_it_once(scene: Scene) -> None:
    two_versions(scene)
    delete(scene, V1)
    version = scene.read_version(V1)
    scene.do(both(reconcile_version(version, scene.world), reconcile_version(version, scene.world)))
    if scene.get(MODELVERSION, V1):  # whoever was too slow looks again
        scene.version_pass(V1)
    assert scene.get(MODELVERSION, V1) is None
    assert left_of(scene, 1) == ["claim.json"]
    assert scene.moves() == [(1, "Promote", None, 2), (2, "Delete", None, 1)]


async def both(*passes: Coroutine[Any, Any, float | None]) -> None:
    """Whoever was too slow to write looks again."""
    for outcome in await asyncio.gather(*passes, return_exceptions=True):
        assert not isinstance(outcome, BaseException) or isinstance(outcome, Conflict), outcome
