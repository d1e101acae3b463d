"""A real API server with the kinds of embtune and PyTorchJobs, and namespaces that enforce `restricted`."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from embtune_api.resources import FineTuneJob
from embtune_operator.kube.api import KubeApi
from embtune_operator.kube.cluster import KubeCluster
from embtune_operator.kube.credentials import StepCredentials
from embtune_operator.kube.kinds import POD
from servers.programs import TRAINING_OPERATOR
from support.kube_children import a_cluster_job, a_platform

if TYPE_CHECKING:
    from embtune_operator.kube.api import Object
    from servers.control_plane import ControlPlane

T = TypeVar("T")
CRDS = Path(__file__).resolve().parents[3] / "crds"
PYTORCH_CRD = TRAINING_OPERATOR.share / "base" / "crds" / "kubeflow.org_pytorchjobs.yaml"


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


async def pods_of(cluster: KubeCluster, namespace: str, count: int) -> list[Object]:
    """The pods of a namespace, when their controllers have made that many."""
    for _ in range(100):
        pods = await cluster.api.list(POD, namespace)
        if len(pods) >= count:
            return pods
        await asyncio.sleep(0.1)
    raise AssertionError(f"no {count} pods within 10 seconds")


async def as_kubelet(cluster: KubeCluster, pod: Object, container: Object | None = None, **status: Any) -> None:
    """Say of a pod what its kubelet would say."""
    name = pod["spec"]["containers"][0]["name"]
    ours = {"name": name, "image": "i", "imageID": "i", "ready": False, "restartCount": 0, "state": container or {}}
    patch = {"status": {"containerStatuses": [ours], **status}}
    await cluster.api.merge(POD, pod["metadata"]["namespace"], pod["metadata"]["name"], patch, subresource="status")


@pytest.fixture(scope="session")
def kinds(control_plane: ControlPlane) -> ControlPlane:
    """The control plane, with the kinds of embtune."""
    for crd in sorted(CRDS.glob("*.yaml")):
        control_plane.kubectl("apply", "--server-side", "-f", crd)
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "finetunejobs.embtune.dev")
    return control_plane


@pytest.fixture(scope="session")
def pytorch_jobs(kinds: ControlPlane) -> ControlPlane:
    """The control plane, with PyTorchJobs too."""
    if not PYTORCH_CRD.exists():
        pytest.skip("the training operator is not built: run `make cluster-tools`")
    kinds.kubectl("apply", "--server-side", "-f", PYTORCH_CRD)
    kinds.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "pytorchjobs.kubeflow.org")
    return kinds


@pytest.fixture
def place(kinds: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """A new namespace that enforces `restricted`. The operator's own store credentials are in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret-at-all")
    namespace = f"kube-{uuid.uuid4().hex[:8]}"
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn")}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
    kinds.kubectl("create", "-f", "-", stdin=json.dumps(body))
    kinds.kubectl("wait", "serviceaccount/default", "-n", namespace, "--for=create", "--timeout=30s")
    yield Place(kinds, namespace)
    kinds.kubectl("delete", "namespace", namespace, "--wait=false")
