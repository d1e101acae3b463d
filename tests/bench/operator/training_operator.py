"""The training operator alone: PyTorchJobs made directly, as fast as the API server takes them."""

from typing import Any

from bench.operator.audit import Audit
from bench.operator.scenes import Figures, arrivals, until
from bench.operator.stage import stage
from embtune_operator.kube.kinds import PYTORCHJOB
from servers.training_operator import running_training_operator


def burst_of_pytorch_jobs(jobs: int) -> Figures:
    """Until each has its first pod."""
    with stage() as at, running_training_operator(at.plane, at.folder):
        at.create(PYTORCHJOB, [_pytorch_job(number) for number in range(jobs)])
        until(600, lambda: len(Audit.of(at.plane).made("pods")) >= jobs)
        return arrivals(Audit.of(at.plane), "pytorchjobs", "pods")


def _pytorch_job(number: int) -> dict[str, Any]:
    pod = {"containers": [{"name": "pytorch", "image": "embtune-trainer:test"}]}
    worker = {"replicas": 1, "restartPolicy": "Never", "template": {"spec": pod}}
    return {
        "apiVersion": "kubeflow.org/v1",
        "kind": "PyTorchJob",
        "metadata": {"name": f"job-{number}", "namespace": "default"},
        "spec": {"pytorchReplicaSpecs": {"Worker": worker}},
    }
