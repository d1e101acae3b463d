"""embtune on the node, as a platform team installs it: the chart by helm, in a namespace that enforces `restricted`."""

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cluster.fixtures import Node
from e2e.namespaces import new_namespace
from e2e.warehouse import Warehouse
from support.chart import CHART, Program, program

Object = dict[str, Any]


@dataclass(frozen=True)
class Installation:
    node: Node
    helm: Program
    namespace: str

    def upgrade(self, values: Object) -> None:
        """Install or change it; returns when an operator leads."""
        where = ("embtune", CHART, "--namespace", self.namespace, "--kubeconfig", self.node.kubeconfig)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(values, file)
            file.flush()
            self.helm("upgrade", "--install", *where, "--values", file.name)
        self.node.kubectl("rollout", "status", "deployment/embtune", "-n", self.namespace, "--timeout=240s")

    def operator_pods(self) -> list[Object]:
        """The leader first: it works, the others stand by."""
        listed = self.node.kubectl(
            "get", "pods", "-n", self.namespace, "-l", "app.kubernetes.io/component=operator", "-o", "json"
        )
        leader = self.node.kubectl("get", "lease", "-n", self.namespace, "-o", "jsonpath={.items[*].spec.holderIdentity}")
        return sorted(json.loads(listed)["items"], key=lambda pod: pod["metadata"]["name"] not in leader)

    def kill_leader(self) -> None:
        """As a node does that loses power: no time to say goodbye."""
        name = self.operator_pods()[0]["metadata"]["name"]
        self.node.kubectl("delete", "pod", name, "-n", self.namespace, "--grace-period=0", "--force", "--wait=false")

    def log(self) -> str:
        said = [
            self.node.kubectl("logs", pod["metadata"]["name"], "-n", self.namespace, "--tail=200", "--ignore-errors")
            for pod in self.operator_pods()
        ]
        return "\n".join(said)


@contextmanager
def installed(node: Node, warehouse: Warehouse, home: Path, values: Object, namespace: str) -> Iterator[Installation]:
    installation = Installation(node, program("helm", home), namespace)
    new_namespace(node, namespace)
    try:
        secret = [f"--from-literal={name}={value}" for name, value in warehouse.platform.environ().items()]
        node.kubectl("create", "secret", "generic", "embtune-store", "-n", namespace, *secret)
        installation.upgrade(values)
        yield installation
    finally:
        where = ("--namespace", namespace, "--kubeconfig", node.kubeconfig)
        installation.helm("uninstall", "embtune", *where, "--ignore-not-found", "--wait", check=False)
        node.kubectl("delete", "namespace", namespace, "--timeout=120s")
