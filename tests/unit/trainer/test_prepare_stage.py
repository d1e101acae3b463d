"""A model from outside is staged without any data, and published though nobody knows what it was trained on."""

from pathlib import Path

import pytest

from embtune_api.documents.files import StepManifest
from embtune_api.documents.prepare import ResolvedBase, StagedFacts
from embtune_api.documents.publish import Owner, VersionManifest
from embtune_api.errors import InvalidInput
from embtune_api.requests import PrepareRequest
from embtune_store import documents, folders
from embtune_trainer.prepare import run_prepare
from unit.trainer.prepare_world import OWNER, World, write_base_model
from unit.trainer.test_publish import LINE, a_candidate


def a_registration(world: World, owner: Owner = OWNER) -> PrepareRequest:
    return world.request("none.jsonl", owner=owner).model_copy(update={"data": None})


def stage(world: World, request: PrepareRequest) -> tuple[StepManifest, ResolvedBase]:
    manifest = run_prepare(request, world.store, lambda _: None)
    return manifest, StagedFacts.model_validate(manifest.facts).base


def test_the_model_alone_is_staged_and_no_exam_is_frozen(tmp_path: Path) -> None:
    world = World(tmp_path)
    request = a_registration(world)
    manifest, base = stage(world, request)
    keys = request.job_keys.step("prepare", request.digest)
    folders.verify(world.store, keys.root, manifest.files)
    assert base.model.prefix == keys.base_model(base.model.digest)
    assert {found.key for found in world.store.list(f"{LINE.root}/exams")} == set()
    assert documents.read(world.store, LINE.owner, Owner) == OWNER


def test_staged_once_it_is_not_fetched_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    first = stage(world, a_registration(world))
    write_base_model(tmp_path / "base", **{"model.safetensors": b"others"})
    assert stage(world, a_registration(world)) == first


def test_pickles_are_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "base" / "model.safetensors").unlink()
    with pytest.raises(InvalidInput, match="pickled"):
        stage(world, a_registration(world))


def test_a_line_of_another_cluster_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path)
    stage(world, a_registration(world))
    other = a_registration(world, Owner(cluster="elsewhere", namespace_uid="n-1")).model_copy(update={"digest": "f" * 64})
    with pytest.raises(InvalidInput, match="belongs to cluster here"):
        stage(world, other)


def test_it_is_published_without_fingerprints(tmp_path: Path) -> None:
    candidate = a_candidate(tmp_path)
    candidate.request = candidate.request.model_copy(update={"fingerprints": None})
    candidate.publish()
    manifest = documents.read(candidate.store, LINE.version(1).manifest, VersionManifest)
    assert manifest is not None
    assert not candidate.store.exists(LINE.version(1).fingerprints)
    assert manifest.stored_model(LINE.version(1)).fingerprints is None
