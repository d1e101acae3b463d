"""The servers as pytest fixtures: started once a session, on a free port of the loopback, and ended whatever happens."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from servers.control_plane import ControlPlane, running_control_plane
from servers.s3_server import S3Server, binary, running_minio, running_versitygw


@pytest.fixture(scope="session")
def minio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    need("minio")
    with running_minio(tmp_path_factory.mktemp("minio")) as server:
        yield server


@pytest.fixture(scope="session")
def versitygw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    need("versitygw")
    with running_versitygw(tmp_path_factory.mktemp("versitygw")) as server:
        yield server


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """With the controller manager, so namespaces, service accounts, Jobs and garbage collection are real; pods stay pending."""
    need("kubernetes")
    with running_control_plane(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture(scope="session")
def embtune_plane(control_plane: ControlPlane) -> ControlPlane:
    """The control plane, which knows embtune's kinds."""
    control_plane.kubectl("apply", "--server-side", "-f", CRDS)
    control_plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    return control_plane


CRDS = Path(__file__).resolve().parents[2] / "crds"
"""The folder of the generated CRDs."""


def need(name: str) -> None:
    if binary(name) is None:
        pytest.skip(f"{name} is not built: run `make servers`")


def reach(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the server that of this process's environment; the URI of an empty store on it."""
    for name, value in server.environ().items():
        monkeypatch.setenv(name, value)
    return f"s3://{server.bucket}/{uuid.uuid4().hex}"
