"""The running node as a pytest fixture. `make cluster-up` starts it and it stays as it is: without one, a test skips."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from cluster import containers, life, machine
from cluster.control import KUBECTL
from cluster.images import OPERATOR, TRAINER
from cluster.place import KUBECONFIG, NODE, OBJECT_STORE_ADDRESS
from cluster.workloads import ACCESS_KEY, SECRET_KEY

IN_CLUSTER_ENDPOINT = "http://minio.minio:9000"
"""Where pods find MinIO."""


@dataclass(frozen=True)
class Node:
    kubeconfig: Path = KUBECONFIG
    name: str = NODE
    operator_image: str = OPERATOR
    trainer_image: str = TRAINER
    endpoint: str = f"http://{OBJECT_STORE_ADDRESS}:9000"
    """Where this machine finds MinIO."""
    access_key: str = ACCESS_KEY
    secret_key: str = SECRET_KEY

    def kubectl(self, *arguments: object, stdin: str | None = None, timeout: float = 300) -> str:
        """What kubectl prints; `subprocess.CalledProcessError` with its `stderr` when it is refused."""
        command = self._command(arguments)
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=True, timeout=timeout).stdout

    def kubectl_process(self, *arguments: object) -> subprocess.Popen[str]:
        """kubectl that goes on, such as a watch, to be ended by the caller."""
        return subprocess.Popen(self._command(arguments), stdout=subprocess.PIPE, text=True)

    def _command(self, arguments: tuple[object, ...]) -> list[str]:
        return [str(KUBECTL), "--kubeconfig", str(self.kubeconfig), *map(str, arguments)]

    def has_images(self) -> bool:
        return {self.operator_image, self.trainer_image} <= containers.images()


@pytest.fixture(scope="session")
def node() -> Node:
    reasons = machine.shortcomings()
    if reasons:
        pytest.skip(" ".join(reasons))
    if not life.is_up():
        pytest.skip("there is no cluster: run `make cluster-up images`")
    found = Node()
    if not found.has_images():
        pytest.skip("the node has no images of embtune: run `make images`")
    return found
