"""The Indexed Job of a training, where there are no PyTorchJobs, and the Service by which its pods find each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.kube.kinds import JOB, SERVICE
from embtune_operator.kube.pods import pod_template
from embtune_operator.kube.rendezvous import PORT, rendezvous

if TYPE_CHECKING:
    from embtune_operator.kube.api import Object
    from embtune_operator.kube.pods import Blueprint

_RANK = "metadata.annotations['batch.kubernetes.io/job-completion-index']"


def build_indexed_job(blueprint: Blueprint) -> Object:
    """Of a training on any number of nodes; with more than one it needs `build_rendezvous_service` first."""
    nodes, name = blueprint.job.spec.runtime.nodes, blueprint.child.name
    together = [{"name": "PET_NNODES", "value": str(nodes)}, *rendezvous(f"{name}-0.{name}", _RANK)] if nodes > 1 else []
    ports = [{"name": "rendezvous", "containerPort": PORT}] if nodes > 1 else []
    template = pod_template(blueprint, env=together, ports=ports)
    if nodes > 1:
        template["spec"]["subdomain"] = name  # the Job controller gives each pod the host name <job>-<index>
    return {
        "apiVersion": JOB.api_version,
        "kind": JOB.kind,
        "metadata": blueprint.metadata(),
        "spec": {
            "backoffLimit": 0,
            "completionMode": "Indexed",
            "completions": nodes,
            "parallelism": nodes,
            "template": template,
        },
    }


def build_rendezvous_service(blueprint: Blueprint) -> Object:
    """Headless: it gives the pods their names, and answers before they are ready."""
    metadata = blueprint.metadata()
    return {
        "apiVersion": SERVICE.api_version,
        "kind": SERVICE.kind,
        "metadata": {**metadata, "labels": blueprint.labels()},
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": blueprint.labels(),
            "ports": [{"name": "rendezvous", "port": PORT}],
        },
    }
