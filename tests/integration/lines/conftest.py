"""ModelVersions and EmbeddingModels on a real API server; the store is in memory, and steps end at once when a test says so."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest

from embtune_api.documents.exam import Exam, LineExam
from embtune_api.documents.publish import VersionRef
from embtune_api.keys import LineKeys
from embtune_api.losses import Shape
from embtune_api.resources import EmbeddingModel, ModelVersion
from embtune_operator.cluster import Cluster, MemoryCluster
from embtune_operator.kube.api import KubeApi
from embtune_operator.kube.kinds import EMBEDDINGMODEL, FINETUNEJOB, MODELVERSION, NAMESPACE, Kind
from embtune_operator.kube.platform import Platform
from embtune_operator.lines.reconcile import reconcile_line
from embtune_operator.registry.history import read_history, read_release
from embtune_operator.service.stored import read_stored
from embtune_operator.settings import Settings
from embtune_operator.versions.reconcile import reconcile_version
from embtune_operator.world import World
from embtune_store import Store, documents, open_store
from factories import NOON, PretendTrainer, publish_version, settings, transitions
from servers.control_plane import ControlPlane
from support.failing import Faults, failing_cluster
from support.whole_runs import bench, copy_of, first

__all__ = ["bench", "copy_of", "first"]

MODEL = "shop"


@dataclass
class Scene:
    """One namespace with one line, and an operator's hand that makes a pass when a test says so."""

    runner: asyncio.Runner
    world: World
    cluster: MemoryCluster
    namespace: str
    told: list[tuple[str, str]]
    """What `line_changed` was told."""
    model: str = MODEL

    @property
    def store(self) -> Store:
        return self.world.store

    @property
    def line(self) -> LineKeys:
        return LineKeys(self.namespace, self.model)

    def do(self, call: Any) -> Any:
        return self.runner.run(call)

    def publish(self, number: int, **how: Any) -> VersionRef:
        return publish_version(self.store, self.line, number, **how)

    def freeze_exam(self, shape: Shape = "pairs") -> None:
        exam = Exam(digest="e" * 64, queries=60, passages=60, groups=60, group_by=None, shape=shape, files=[])
        documents.create(self.store, self.line.exam(exam.digest).exam, exam)
        documents.create(self.store, self.line.line_exam, LineExam(digest="e" * 64, job_uid="first"))

    def create_version(self, name: str, **spec: Any) -> None:
        self._create(MODELVERSION, name, {"model": self.model, **spec})

    def show(self, number: int, **spec: Any) -> VersionRef:
        """A published version, and its ModelVersion."""
        ref = self.publish(number)
        self.create_version(f"{MODEL}-v{number}", version=number, digest=ref.digest, **spec)
        return ref

    def create_line(self, **spec: Any) -> None:
        self._create(EMBEDDINGMODEL, MODEL, spec)

    def edit(self, kind: Kind, name: str, **spec: Any) -> None:
        self.do(self.world.api.merge(kind, self.namespace, name, {"spec": spec}))

    def ask(self, kind: Kind, name: str, wish: str) -> None:
        patch = {"metadata": {"annotations": {"embtune.dev/request": wish}}}
        self.do(self.world.api.merge(kind, self.namespace, name, patch))

    def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.do(self.world.api.get(kind, self.namespace, name))
        return found

    def jobs(self) -> dict[str, dict[str, Any]]:
        return {job["metadata"]["name"]: job for job in self.do(self.world.api.list(FINETUNEJOB, self.namespace))}

    def end_job(self, name: str, phase: str, kind: str, message: str) -> None:
        """What a job's own passes would write in the end."""
        condition = {"type": kind, "status": "True", "reason": "Test", "message": message, "lastTransitionTime": NOON.isoformat()}
        status = {"phase": phase, "conditions": [condition]}
        self.do(self.world.api.merge(FINETUNEJOB, self.namespace, name, {"status": status}, subresource="status"))

    def version_pass(self, name: str, world: World | None = None) -> float | None:
        """One pass over a ModelVersion as it is now."""
        seconds: float | None = self.do(reconcile_version(self.read_version(name), world or self.world))
        return seconds

    def settle(self, name: str) -> None:
        """Passes over a ModelVersion for as long as there is something to do at once."""
        while self.version_pass(name) == 0:
            pass

    def read_version(self, name: str) -> ModelVersion:
        return self.do(self.seen_version(name))  # type: ignore[no-any-return]

    async def seen_version(self, name: str) -> ModelVersion:
        found = await self.world.api.get(MODELVERSION, self.namespace, name)
        assert found
        return read_stored(ModelVersion, found)

    def line_pass(self, world: World | None = None) -> float | None:
        seconds: float | None = self.do(reconcile_line(self.read_line(), world or self.world))
        return seconds

    def read_line(self) -> EmbeddingModel:
        return read_stored(EmbeddingModel, self.get(EMBEDDINGMODEL, MODEL) or {})

    def until(self, come: Callable[[], bool], seconds: float = 30.0) -> None:
        """Controllers of Kubernetes take their time."""
        end = time.monotonic() + seconds
        while not come():
            assert time.monotonic() < end, "it has not come"
            time.sleep(0.1)

    def status(self, kind: Kind, name: str) -> dict[str, Any]:
        found = self.get(kind, name)
        assert found
        status: dict[str, Any] = found["status"]
        return status

    def condition(self, kind: Kind, name: str, which: str) -> tuple[str, str, str]:
        """(status, reason, message)"""
        found = next(c for c in self.status(kind, name)["conditions"] if c["type"] == which)
        return found["status"], found["reason"], found["message"]

    def work(self) -> list[str]:
        """Let every running step end well; returns which did."""
        trainer, done = PretendTrainer(self.store), []
        for name, state in list(self.cluster.states.items()):
            if state.state == "Running":
                trainer.work(self.cluster.requests[name])
                self.cluster.end(name, 0)
                done.append(str(state.step))
        return done

    def moves(self) -> list[tuple[int, str, int | None, int]]:
        return transitions(read_history(self.store, self.line))

    def in_production(self) -> int | None:
        current = read_release(self.store, self.line)
        return current.document.production.version if current and current.document.production else None

    def changed(self, **changes: Any) -> World:
        """The world, but for some of its parts."""
        return replace(self.world, **changes)

    def _create(self, kind: Kind, name: str, spec: dict[str, Any]) -> None:
        metadata = {"name": name, "namespace": self.namespace}
        body = {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": metadata, "spec": spec}
        self.do(self.world.api.create(kind, body))


def watched(api: KubeApi, faults: Faults) -> KubeApi:
    """The API server, whose calls are counted and may fail."""
    return cast("KubeApi", failing_cluster(cast("Cluster", api), faults))


@pytest.fixture
def scene(embtune_plane: ControlPlane) -> Iterator[Scene]:
    namespace = f"lines-{uuid.uuid4().hex[:12]}"
    with asyncio.Runner() as runner:
        api = runner.run(KubeApi.connect(embtune_plane.kubeconfig))
        runner.run(api.create(NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}))
        told: list[tuple[str, str]] = []
        store, cluster = open_store("memory://"), MemoryCluster()
        platform = Platform.model_validate({"store": {"uri": "s3://models/embtune/"}, "trainerImage": "trainer"})
        world = World(api, store, cluster, platform, _settings(), lambda: NOON, lambda space, line: told.append((space, line)))
        yield Scene(runner, world, cluster, namespace, told)
        runner.run(api.delete(NAMESPACE, None, namespace))
        runner.run(api.close())


def _settings() -> Settings:
    return settings(backoff_seconds=0.0)
