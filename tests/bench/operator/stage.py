"""Where a contestant is measured: a control plane and a MinIO of its own, a simulated node, and resources as many as wanted."""

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.operator.audit import CONTESTANT
from embtune_operator.kube.api import KubeApi, Object
from embtune_operator.kube.kinds import FINETUNEJOB, MODELVERSION, Kind
from servers.control_plane import ControlPlane, running_control_plane
from servers.fixtures import CRDS
from servers.minio_sessions import with_user
from servers.s3_server import S3Server, running_minio
from support.operated_cluster import Cluster
from support.simulated_node import SimulatedNode

_AT_ONCE = 24
"""Requests of whoever submits."""
_WORLD = "world"
"""The service account of the simulated node and of whoever submits."""


@dataclass
class Stage:
    folder: Path
    plane: ControlPlane
    store: S3Server
    uri: str
    kubeconfig: Path
    """The contestant's."""
    worlds_kubeconfig: Path
    """Everybody else's."""

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.plane, "default", self.uri, self.store.environ())

    def node(self, *held: str, takes: Callable[[], float] | None = None) -> SimulatedNode:
        return SimulatedNode(self.worlds_kubeconfig, self.uri, held=set(held), takes=takes, pods=True)

    def submit(self, count: int, name: str = "job") -> None:
        """So many jobs, each in a line of its own, as fast as the API server takes them."""
        self.create(FINETUNEJOB, [self.cluster.job(f"{name}-{number}", f"line-{number}") for number in range(count)])

    def create(self, kind: Kind, bodies: list[Object]) -> None:
        """With their status, where they have one."""
        asyncio.run(self._create(kind, bodies))

    def finished(self, jobs: int, versions: int) -> None:
        """Clones of what there is after one job has finished: all of them at rest."""
        [job] = self.cluster.objects("finetunejobs")
        shown = self.cluster.objects("modelversions")
        self.create(FINETUNEJOB, [clone(job, number) for number in range(jobs)])
        if shown:
            self.create(MODELVERSION, [clone(shown[0], number) for number in range(versions)])

    async def _create(self, kind: Kind, bodies: list[Object]) -> None:
        api, slots = await KubeApi.connect(self.worlds_kubeconfig), asyncio.Semaphore(_AT_ONCE)
        api.connection.client.user_agent = "submitter"

        async def create(body: Object) -> None:
            async with slots:
                made = await api.create(kind, {name: value for name, value in body.items() if name != "status"})
                if status := body.get("status"):
                    metadata = made["metadata"]
                    names = (kind, metadata["namespace"], metadata["name"])
                    await api.merge(*names, {"status": status}, subresource="status")

        try:
            await asyncio.gather(*map(create, bodies))
        finally:
            await api.close()


def clone(body: Object, number: int) -> Object:
    """The same under another name, as if it had been made by another job of another line."""
    copied: dict[str, Any] = deepcopy(body)
    kept = {name: value for name, value in copied["metadata"].items() if name in ("namespace", "annotations", "finalizers")}
    copied["metadata"] = {**kept, "name": f"clone-{number}"}
    copied["spec"]["model"] = f"clones-{number}"
    return copied


@contextmanager
def stage() -> Iterator[Stage]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="embtune-bench-")))
        server = stack.enter_context(running_minio(folder / "minio"))
        plane = stack.enter_context(running_control_plane(folder / "plane", with_controller_manager=False, audit=True))
        plane.kubectl("apply", "--server-side", "-f", CRDS)
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        user = with_user(server, "consoleAdmin")
        os.environ.update(user.environ())  # the node writes to the same store
        kubeconfigs = [_administrator(plane, name) for name in (CONTESTANT, _WORLD)]
        yield Stage(folder, plane, user, f"s3://{user.bucket}/bench", *kubeconfigs)


def _administrator(plane: ControlPlane, name: str) -> Path:
    """A service account that may do everything. It shows a token, as pods do: a certificate is verified anew in each request,
    which takes as long as reading an object.
    """
    plane.kubectl("create", "serviceaccount", name)
    plane.kubectl("create", "clusterrolebinding", name, "--clusterrole=cluster-admin", f"--serviceaccount=default:{name}")
    return plane.service_account("default", name)
