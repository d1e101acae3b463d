"""A control plane whose Jobs are ended by a simulated node, and a store, as fixtures for tests of the running operator."""

import uuid
from collections.abc import Iterator

import pytest

from servers.control_plane import ControlPlane, running_control_plane
from servers.fixtures import CRDS, need
from servers.s3_server import S3Server
from support.operated_cluster import Cluster

_KINDS = (
    *(f"embtune.dev/v1alpha1/*/{plural}" for plural in ("embeddingmodels", "finetunejobs", "modelversions")),
    "batch/v1/*/jobs",
)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """Without a controller manager: nobody but the simulated node touches Jobs."""
    need("kubernetes")
    folder = tmp_path_factory.mktemp("control-plane")
    with running_control_plane(folder, with_controller_manager=False, audit=True) as plane:
        plane.kubectl("apply", "--server-side", "-f", CRDS)
        plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        yield plane


@pytest.fixture
def cluster(plane: ControlPlane, minio: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    for name, value in minio.environ().items():
        monkeypatch.setenv(name, value)
    namespace = f"test-{uuid.uuid4().hex[:8]}"
    plane.kubectl("create", "namespace", namespace)
    yield Cluster(plane, namespace, f"s3://{minio.bucket}/{uuid.uuid4().hex}", minio.environ())
    for kind in _KINDS:  # a request for each kind, not one for each object
        plane.kubectl("delete", "--raw", f"/apis/{kind.replace('*', f'namespaces/{namespace}')}?propagationPolicy=Background")
    plane.kubectl("delete", "lease", "--all", "--namespace", "default")
