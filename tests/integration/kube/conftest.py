"""A real API server with the kinds of embtune, namespaces that enforce `restricted`, and what a kubelet would say."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from embtune_api.resources import FineTuneJob
from embtune_operator.kube.api import KubeApi
from embtune_operator.kube.cluster import KubeCluster
from embtune_operator.kube.credentials import StepCredentials
from embtune_operator.kube.kinds import POD
from embtune_operator.kube.times import format_time
from support.kube_children import NOON, a_cluster_job, a_platform

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_operator.cluster import ChildState
    from embtune_operator.kube.api import Object
    from servers.control_plane import ControlPlane

T = TypeVar("T")
CRDS = Path(__file__).resolve().parents[3] / "crds"


@dataclass
class Place:
    """A namespace of a control plane."""

    plane: ControlPlane
    namespace: str

    def run(self, scenario: Callable[[KubeCluster], Awaitable[T]], **settings: Any) -> T:
        """The scenario, with a cluster of its own as a fresh process has; `settings` of the platform in their YAML spelling."""

        async def connected() -> T:
            api = await KubeApi.connect(self.plane.kubeconfig)
            try:
                platform = a_platform(**{"store": {"uri": "s3://embtune/here", "sts": False}, **settings})
                return await scenario(KubeCluster(api, platform, StepCredentials(api, platform)))
            finally:
                await api.close()

        return asyncio.run(connected())

    def job(self, name: str = "shop-1", **runtime: Any) -> FineTuneJob:
        """One that the API server has."""
        wanted = a_cluster_job(self.namespace, **runtime)
        body = wanted.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
        body["metadata"] = {"name": name, "namespace": self.namespace}
        body["apiVersion"], body["kind"] = wanted.api_version, wanted.kind
        return FineTuneJob.model_validate(json.loads(self.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(body))))

    def read(self, job: FineTuneJob) -> FineTuneJob:
        return FineTuneJob.model_validate(json.loads(self.kubectl("get", "ftj", job.metadata.name, "-o", "json")))

    def kubectl(self, *arguments: object, stdin: str | None = None) -> str:
        return self.plane.kubectl("-n", self.namespace, *arguments, stdin=stdin)

    def items(self, kind: str) -> list[Object]:
        found: list[Object] = json.loads(self.kubectl("get", kind, "-o", "json"))["items"]
        return found


async def until_ended(cluster: KubeCluster, job: FineTuneJob) -> ChildState:
    """How the job's one child ended."""
    for _ in range(100):
        (state,) = await cluster.children(job)
        if state.state in ("Succeeded", "Failed"):
            return state
        await asyncio.sleep(0.1)
    raise AssertionError("the child has not ended within 10 seconds")


async def pods_of(cluster: KubeCluster, namespace: str, count: int) -> list[Object]:
    """The pods of a namespace, when their controllers have made that many."""
    for _ in range(100):
        pods = await cluster.api.list(POD, namespace)
        if len(pods) >= count:
            return pods
        await asyncio.sleep(0.1)
    raise AssertionError(f"no {count} pods within 10 seconds")


STARTED: Object = {"running": {"startedAt": format_time(NOON)}}


def terminated(code: int, message: str = "", reason: str = "Error", finished: datetime = NOON) -> Object:
    times = {"startedAt": format_time(NOON), "finishedAt": format_time(finished)}
    return {"terminated": {"exitCode": code, "reason": reason, "message": message, **times}}


async def as_kubelet(cluster: KubeCluster, pod: Object, container: Object | None = None, **status: Any) -> None:
    """Say of a pod what its kubelet would say."""
    name = pod["spec"]["containers"][0]["name"]
    ours = {"name": name, "image": "i", "imageID": "i", "ready": False, "restartCount": 0, "state": container or {}}
    patch = {"status": {"containerStatuses": [ours], **status}}
    await cluster.api.merge(POD, pod["metadata"]["namespace"], pod["metadata"]["name"], patch, subresource="status")


def install_kinds(plane: ControlPlane) -> None:
    """Those of embtune."""
    for crd in sorted(CRDS.glob("*.yaml")):
        plane.kubectl("apply", "--server-side", "-f", crd)
    plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "finetunejobs.embtune.dev")


@contextmanager
def new_place(plane: ControlPlane) -> Iterator[Place]:
    """A new namespace that enforces `restricted`."""
    namespace = f"kube-{uuid.uuid4().hex[:8]}"
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
    plane.kubectl("create", "-f", "-", stdin=json.dumps(body))
    plane.kubectl("wait", "serviceaccount/default", "-n", namespace, "--for=create", "--timeout=30s")
    yield Place(plane, namespace)
    plane.kubectl("delete", "namespace", namespace, "--wait=false")


@pytest.fixture(scope="session")
def kinds(control_plane: ControlPlane) -> ControlPlane:
    """The control plane, with the kinds of embtune."""
    install_kinds(control_plane)
    return control_plane


@pytest.fixture(autouse=True)
def credentials_of_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret-at-all")


@pytest.fixture
def place(kinds: ControlPlane) -> Iterator[Place]:
    with new_place(kinds) as made:
        yield made
