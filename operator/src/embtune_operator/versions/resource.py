"""The ModelVersion that shows a published version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embtune_api.resources import API_VERSION
from embtune_operator.kube import labels

if TYPE_CHECKING:
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import ModelVersionStatus

VERSION = "embtune.dev/version"
"""Label: the number in the line."""


def version_resource(job: FineTuneJob, version: ModelVersionStatus) -> dict[str, Any]:
    """What is POSTed when a job has published a version. It has no owner: it outlives the job."""
    return {
        "apiVersion": API_VERSION,
        "kind": "ModelVersion",
        "metadata": {
            "name": version.name,
            "namespace": job.metadata.namespace,
            "labels": {labels.MANAGED_BY: labels.MANAGER, labels.MODEL: job.spec.model, VERSION: str(version.version)},
        },
        "spec": {
            "model": job.spec.model,
            "version": version.version,
            "digest": version.digest,
            "job": job.metadata.name,
        },
    }
