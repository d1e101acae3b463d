"""The PyTorchJob of a training: workers only, with `torchrun` in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.kube.kinds import PYTORCHJOB
from embtune_operator.kube.pods import pod_template
from embtune_operator.kube.rendezvous import PORT, rendezvous

if TYPE_CHECKING:
    from embtune_operator.kube.api import Object
    from embtune_operator.kube.pods import Blueprint

CONTAINER = "pytorch"
"""The training operator refuses any other name."""
_PORT_NAME = "pytorchjob-port"
"""Under this name it looks for the port of the Service that it makes for each worker, and adds one of its own otherwise."""
_RANK = "metadata.labels['training.kubeflow.org/replica-index']"


def build_pytorch_job(blueprint: Blueprint) -> Object:
    """Of a training on any number of nodes.

    Workers only: the training operator then adds no init container, and no MASTER_ADDR or rank either, so these are ours; it
    adds PET_NNODES, PET_NPROC_PER_NODE, and a headless Service for each pod, of the pod's name.

    `backoffLimit` is left out: with it, training operator 1.9 deletes all pods when the first has failed, and with them why.
    Without it, a failed worker fails the job (restartPolicy Never), and cleanPodPolicy ends the workers that still run. There
    is no TTL either: it would delete the PyTorchJob itself.
    """
    runtime, name = blueprint.job.spec.runtime, blueprint.child.name
    together = rendezvous(f"{name}-worker-0", _RANK) if runtime.nodes > 1 else []
    ports = [{"name": _PORT_NAME, "containerPort": PORT}]
    template = pod_template(blueprint, container=CONTAINER, env=together, ports=ports)
    del template["spec"]["restartPolicy"]  # the training operator warns of one here, and sets that of the replicas
    return {
        "apiVersion": PYTORCHJOB.api_version,
        "kind": PYTORCHJOB.kind,
        "metadata": blueprint.metadata(),
        "spec": {
            "nprocPerNode": str(runtime.processes_per_node),
            "runPolicy": {"cleanPodPolicy": "Running"},
            "pytorchReplicaSpecs": {"Worker": {"replicas": runtime.nodes, "restartPolicy": "Never", "template": template}},
        },
    }
