"""The pods of a simulated node: made of their child's template, on a node that is not there."""

from datetime import UTC, datetime
from typing import Any

from embtune_operator.kube.kinds import JOB, Kind


def template_of(kind: Kind, child: dict[str, Any]) -> dict[str, Any]:
    spec = child["spec"]
    template: dict[str, Any] = spec["template"] if kind is JOB else spec["pytorchReplicaSpecs"]["Worker"]["template"]
    return template


def pod_name(child: dict[str, Any]) -> str:
    return f"{child['metadata']['name']}-0"


def pod_of(kind: Kind, child: dict[str, Any]) -> dict[str, Any]:
    template, owner = template_of(kind, child), child["metadata"]
    reference = {"apiVersion": kind.api_version, "kind": kind.kind, "name": owner["name"], "uid": owner["uid"]}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **{name: value for name, value in template["metadata"].items() if name in ("labels", "annotations")},
            "name": pod_name(child),
            "namespace": owner["namespace"],
            "ownerReferences": [{**reference, "controller": True, "blockOwnerDeletion": True}],
        },
        "spec": {**template["spec"], "nodeName": "simulated"},
    }


def running_status(kind: Kind, child: dict[str, Any]) -> dict[str, Any]:
    now = _now()
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": now}
    return {
        "phase": "Running",
        "startTime": now,
        "conditions": [scheduled],
        "containerStatuses": [_container(kind, child, {"running": {"startedAt": now}})],
    }


def ended_status(kind: Kind, child: dict[str, Any]) -> dict[str, Any]:
    end = {"exitCode": 0, "startedAt": child["metadata"]["creationTimestamp"], "finishedAt": _now()}
    return {"phase": "Succeeded", "containerStatuses": [_container(kind, child, {"terminated": end})]}


def _container(kind: Kind, child: dict[str, Any], state: dict[str, Any]) -> dict[str, Any]:
    spec = template_of(kind, child)["spec"]["containers"][0]
    said = {"name": spec["name"], "image": spec["image"], "imageID": "", "restartCount": 0, "state": state}
    return {**said, "ready": "running" in state, "started": "running" in state}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
