"""Children for Kubernetes: blueprints of steps, and what API servers say of the objects that come of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from embtune_api.documents.publish import Owner
from embtune_api.evaluation import Suite
from embtune_api.requests import EvaluateRequest, PrepareRequest, TrainRequest
from embtune_api.resources import FineTuneJob
from embtune_api.training import Training
from embtune_operator.cluster import Child, child_name
from embtune_operator.kube.labels import owner_reference, step_labels
from embtune_operator.kube.platform import Platform
from embtune_operator.kube.pods import Blueprint
from factories import a_file, a_model

if TYPE_CHECKING:
    from embtune_api.requests import AnyRequest
    from embtune_api.status import StepName
    from embtune_operator.kube.api import Object

DIGEST = "d" * 64
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
IMAGE = "registry.example/trainer@sha256:0"


def a_cluster_job(
    namespace: str = "search", uid: str = "uid-1", labels: dict[str, str] | None = None, **runtime: Any
) -> FineTuneJob:
    """`shop-1`, whose sources and base model have Secrets; `runtime` in its YAML spelling."""
    sources = [{"uri": "s3://data/a.jsonl", "secretRef": {"name": name}} for name in ("datasets", "other.data", "datasets")]
    return FineTuneJob.model_validate(
        {
            "apiVersion": "embtune.dev/v1alpha1",
            "kind": "FineTuneJob",
            "metadata": {"name": "shop-1", "namespace": namespace, "uid": uid, "generation": 1, "labels": labels or {}},
            "spec": {
                "model": "shop",
                "baseModel": {"uri": "s3://models/a", "secretRef": {"name": "datasets"}},
                "data": {"train": sources},
                "runtime": runtime,
            },
        }
    )


def a_platform(**changes: Any) -> Platform:
    """Settings in their YAML spelling."""
    store = {"uri": "s3://embtune/here", "endpoint": "http://minio.minio:9000"}
    return Platform.model_validate({"store": store, "trainerImage": IMAGE, **changes})


def a_request(job: FineTuneJob, step: StepName) -> AnyRequest:
    common: dict[str, Any] = {
        "store": "s3://embtune/here",
        "namespace": job.metadata.namespace,
        "model": job.spec.model,
        "job": job.metadata.name,
        "job_uid": job.metadata.uid,
        "digest": DIGEST,
    }
    if step == "prepare":
        owner = Owner(cluster="test", namespace_uid="ns")
        return PrepareRequest(**common, owner=owner, data=job.spec.data, base_model=job.spec.base_model)
    if step == "train":
        file, base = a_file("rows"), a_model("base")
        return TrainRequest(**common, rows=file, fingerprints=file, base=base, training=Training(), processes=2)
    assert step == "evaluate"
    return EvaluateRequest(**common, exam="e", models=[], suites=[Suite()])


def a_child(job: FineTuneJob, step: StepName, attempt: int = 1) -> Child:
    return Child(child_name(job.metadata.uid, step, attempt), attempt, a_request(job, step))


def a_blueprint(step: StepName = "train", job: FineTuneJob | None = None, platform: Platform | None = None) -> Blueprint:
    job, platform = job or a_cluster_job(), platform or a_platform()
    profile = platform.profiles[job.spec.runtime.profile or platform.default_profile]
    return Blueprint(job, a_child(job, step), platform.trainer_image, profile, platform, "ft-secret")


def at(seconds: float) -> str:
    """So many seconds after noon, as the API server writes it."""
    return (NOON + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def moment(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def condition(kind: str, seconds: float = 0, status: str = "True", **more: str) -> Object:
    return {"type": kind, "status": status, "lastTransitionTime": at(seconds), **more}


def a_pod(
    container: Object | None = None,
    *,
    number: int = 0,
    phase: str = "Running",
    memory: str = "",
    name: str = "step",
    metadata: Object | None = None,
    conditions: list[Object] | None = None,
    **status: Any,
) -> Object:
    """A scheduled pod of the child `child-uid`.

    Args:
        container: the state of its container: `{"terminated": {…}}`.
        status: further fields of its status.
    """
    scheduled = [condition("PodScheduled")]
    return {
        "metadata": {
            "name": f"pod-{number}",
            "uid": f"pod-uid-{number}",
            "creationTimestamp": at(0),
            "ownerReferences": [{"controller": True, "uid": "child-uid", "kind": "Job", "name": "child"}],
            **(metadata or {}),
        },
        "spec": {
            "nodeName": f"node-{number}",
            "containers": [
                {"name": "mesh", "image": "mesh"},
                {"name": name, "image": IMAGE, "resources": {"limits": {"memory": memory}} if memory else {}},
            ],
        },
        "status": {
            "phase": phase,
            "conditions": scheduled if conditions is None else conditions,
            "containerStatuses": [{"name": "mesh", "state": {}}, {"name": name, "state": container or {}}],
            **status,
        },
    }


def exited(code: int, message: str = "", *, started: float = 5, finished: float = 60, reason: str = "") -> Object:
    """The state of a container that has ended."""
    end = {
        "exitCode": code,
        "startedAt": at(started),
        "finishedAt": at(finished),
        "reason": reason or ("Error" if code else "Completed"),
    }
    return {"terminated": {**end, "message": message} if message else end}


def running(started: float = 5) -> Object:
    return {"running": {"startedAt": at(started)}}


def waiting(reason: str, message: str = "") -> Object:
    return {"waiting": {"reason": reason, "message": message}}


def deleted(seconds: float, grace: int = 300) -> Object:
    """The metadata of a pod whose deletion was asked for then."""
    return {"deletionTimestamp": at(seconds + grace), "deletionGracePeriodSeconds": grace}


def a_job_body(*conditions: Object, step: StepName = "train", nodes: int = 1, **spec: Any) -> Object:
    return {
        "metadata": _child_metadata(step),
        "spec": {"parallelism": nodes, **spec},
        "status": {"startTime": at(1), "conditions": list(conditions)},
    }


def a_pytorch_body(*conditions: Object, nodes: int = 2, **run_policy: Any) -> Object:
    return {
        "metadata": _child_metadata("train"),
        "spec": {"runPolicy": run_policy, "pytorchReplicaSpecs": {"Worker": {"replicas": nodes}}},
        "status": {"startTime": at(1), "conditions": list(conditions)},
    }


def _child_metadata(step: StepName) -> Object:
    job = a_cluster_job()
    return {
        "name": "child",
        "uid": "child-uid",
        "creationTimestamp": at(0),
        "labels": {**step_labels(job, step, 1), "kueue.x-k8s.io/queue-name": "gpus"},
        "annotations": {"embtune.dev/digest": DIGEST},
        "ownerReferences": [owner_reference(job)],
    }
