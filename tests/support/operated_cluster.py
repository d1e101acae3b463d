"""A namespace of its own on a control plane, with a store of its own, in which an operator works."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embtune_store import open_store
from embtune_store.protocol import Store
from servers.control_plane import ControlPlane
from support.operator_process import running_operator
from support.simulated_node import SimulatedNode

OURS = "app.kubernetes.io/managed-by=embtune"


@dataclass
class Cluster:
    plane: ControlPlane
    namespace: str
    uri: str
    environ: dict[str, str]

    @property
    def store(self) -> Store:
        return open_store(self.uri)

    def node(self, *held: str) -> SimulatedNode:
        return SimulatedNode(self.plane.kubeconfig, self.uri, held=set(held))

    def submit(self, name: str, model: str = "shop", **spec: Any) -> None:
        self.plane.kubectl("create", "-f", "-", stdin=json.dumps(self.job(name, model, **spec)))

    def submit_all(self, lines: dict[str, str]) -> None:
        """Args: lines: job → its line."""
        jobs = [self.job(name, line) for name, line in lines.items()]
        everything = {"apiVersion": "v1", "kind": "List", "items": jobs}
        self.plane.kubectl("create", "-f", "-", stdin=json.dumps(everything))

    def job(self, name: str, model: str = "shop", **spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": "embtune.dev/v1alpha1",
            "kind": "FineTuneJob",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "model": model,
                "baseModel": {"uri": "hf://a/b"},
                "data": {"train": [{"uri": "s3://data/train.jsonl"}]},
                "promotion": {"policy": "Automatic", "gates": [{"metric": "test/ndcg@10", "min": 0.5}]},
                **spec,
            },
        }

    def objects(self, kind: str, *selector: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(
            self.plane.kubectl("get", kind, "--namespace", self.namespace, "--output", "json", *selector)
        )["items"]
        return found

    def phases(self) -> dict[str, str]:
        return {job["metadata"]["name"]: job.get("status", {}).get("phase", "") for job in self.objects("finetunejobs")}

    def all_are(self, phase: str) -> bool:
        phases = self.phases()
        return bool(phases) and set(phases.values()) == {phase}

    def children(self) -> list[str]:
        return sorted(child["metadata"]["labels"]["embtune.dev/step"] for child in self.objects("jobs", "--selector", OURS))

    def works(self) -> list[tuple[str, str, str]]:
        """(job, step, input digest) of every child: the same twice means that something was computed twice."""
        found = self.objects("jobs", "--selector", OURS)
        about = [(child["metadata"]["labels"], child["metadata"]["annotations"]) for child in found]
        return sorted((said["embtune.dev/job"], said["embtune.dev/step"], noted["embtune.dev/digest"]) for said, noted in about)

    def operator(self, folder: Path, kubeconfig: Path | None = None, **settings: Any) -> Any:
        return running_operator(folder, kubeconfig or self.plane.kubeconfig, self.uri, self.environ, **settings)
