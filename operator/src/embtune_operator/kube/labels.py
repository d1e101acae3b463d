"""Labels and annotations of what embtune makes for a job: how it is found again, and whose it is."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embtune_api.resources import EmbeddingModel, FineTuneJob, ModelVersion

MANAGED_BY = "app.kubernetes.io/managed-by"
MANAGER = "embtune"
JOB = "embtune.dev/job"
JOB_UID = "embtune.dev/job-uid"
MODEL = "embtune.dev/model"
STEP = "embtune.dev/step"
ATTEMPT = "embtune.dev/attempt"
DIGEST = "embtune.dev/digest"
"""Annotation: the input digest of the step, in full."""
REQUEST = "embtune.dev/request-json"
"""Annotation of the pod: what the step is asked to do."""
REQUEST_FILE = "request.json"
QUEUE_PREFIX = "kueue.x-k8s.io/"
OURS = f"{MANAGED_BY}={MANAGER}"
"""Selects everything that embtune made."""
_LONGEST = 63


def job_labels(job: FineTuneJob | ModelVersion) -> dict[str, str]:
    """Of everything that is made for the job: Secrets, Services, children and their pods."""
    return {
        MANAGED_BY: MANAGER,
        JOB: label_value(job.metadata.name),
        JOB_UID: job.metadata.uid,
        MODEL: job.spec.model,
    }


def step_labels(job: FineTuneJob | ModelVersion, step: str, attempt: int) -> dict[str, str]:
    """Of a child, and of its pods."""
    return {**job_labels(job), STEP: step, ATTEMPT: str(attempt)}


def queue_labels(job: FineTuneJob | ModelVersion) -> dict[str, str]:
    """What the job says to Kueue; goes on the child itself."""
    return {name: value for name, value in job.metadata.labels.items() if name.startswith(QUEUE_PREFIX)}


def children_of(job_uid: str) -> str:
    """Selects what was made for the job of that uid."""
    return f"{JOB_UID}={job_uid}"


def label_value(name: str) -> str:
    """The name, or one of 63 characters in its place that no other name has."""
    if len(name) <= _LONGEST:
        return name
    short = hashlib.sha256(name.encode()).hexdigest()[:10]
    return f"{name[: _LONGEST - 11].rstrip('-.')}-{short}"


def owner_reference(owner: FineTuneJob | ModelVersion | EmbeddingModel) -> dict[str, Any]:
    """Makes the owner's end the end of what carries it."""
    return {
        "apiVersion": owner.api_version,
        "kind": owner.kind,
        "name": owner.metadata.name,
        "uid": owner.metadata.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def controlled_by(child: dict[str, Any], uid: str) -> bool:
    """Whether the object is one that the owner of that uid made."""
    owners = child["metadata"].get("ownerReferences") or []
    return any(owner.get("controller") and owner["uid"] == uid for owner in owners)
