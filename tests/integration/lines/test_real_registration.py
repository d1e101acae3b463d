"""A real model from outside, through the real steps, into a line that a real job has begun."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from embtune_api.documents.publish import Owner
from embtune_operator.kube.errors import AlreadyExists
from embtune_operator.kube.kinds import MODELVERSION, NAMESPACE
from embtune_operator.local.cluster import LocalCluster
from embtune_operator.versions.reconcile import reconcile_version
from embtune_store import documents, open_store
from factories import settings
from support.command import embtune
from support.jobs import MODEL
from support.jobs import NAMESPACE as TEAM
from support.rows import tldr_pairs
from support.tiny_model import make_tiny_model

if TYPE_CHECKING:
    from pathlib import Path

    from integration.lines.conftest import Scene
    from support.whole_runs import CopyOf, Finished

PASSES = 600


@pytest.fixture(scope="module")
def mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mirror of the hub that holds one model, `else/where`."""
    folder = tmp_path_factory.mktemp("mirror")
    texts = [text for row in tldr_pairs(200) for text in (row["anchor"], row["positive"])]
    make_tiny_model(folder / "else", texts, seed=3).rename(folder / "else" / "where")
    return folder


def test_a_model_from_outside_is_a_version_like_any_other(
    scene: Scene, first: Finished, copy_of: CopyOf, mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBTUNE_HUB_MIRROR", str(mirror))
    line, name = copy_of(first), f"registered-{uuid.uuid4().hex[:8]}"
    in_the_line_of(scene, line.store)
    scene.create_version(name, uri="hf://else/where")
    scene.do(to_the_end(scene, name, tmp_path))

    status = scene.status(MODELVERSION, name)
    assert (status["version"], status["stage"]) == (2, "Candidate")
    shown = embtune("show", f"{MODEL}@2", "--store", line.store, "-n", TEAM, "--json").ended(0).json
    assert shown["metadata"]["base_model"]["uri"] == "hf://else/where"
    assert status["metrics"] == shown["metadata"]["metrics"]
    card = (line.version(2) / "model" / "README.md").read_text(encoding="utf-8")
    assert "trained elsewhere, and taken from `hf://else/where`" in card
    compared = embtune("compare", f"{MODEL}@1", f"{MODEL}@2", "--store", line.store, "-n", TEAM).ended(0)
    assert "ndcg@10" in compared.out
    embtune("show", f"{MODEL}@2", "--store", line.store, "-n", TEAM).ended(0)
    embtune("verify", f"{MODEL}@2", "--store", line.store, "-n", TEAM).ended(0)
    embtune("promote", f"{MODEL}@2", "--store", line.store, "-n", TEAM).ended(0)
    scene.settle(name)
    assert scene.status(MODELVERSION, name)["stage"] == "Production"


def in_the_line_of(scene: Scene, folder: Path) -> None:
    """Let the scene play in a folder store that `embtune run` has left."""
    scene.namespace, scene.model = TEAM, MODEL
    store = open_store(str(folder))
    owner = documents.read(store, scene.line.owner, Owner)
    assert owner
    scene.world = scene.changed(store=store, settings=settings(store=str(folder), owner=owner, poll_seconds=0.2))
    with contextlib.suppress(AlreadyExists):
        scene.do(scene.world.api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM}}))


async def to_the_end(scene: Scene, name: str, scratch: Path) -> None:
    """Passes, with the steps in processes of this machine, until nothing more happens."""
    cluster = LocalCluster(scratch / "steps", lambda _: None, lambda _: None)
    cluster.scratch.mkdir()
    world = replace(scene.world, cluster=cluster)
    try:
        for _ in range(PASSES):
            wait = await reconcile_version(await scene.seen_version(name), world)
            if wait is None:
                return
            await asyncio.sleep(wait)
    finally:
        await cluster.close()
