"""The FineTuneJob that an EmbeddingModel's template stands for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embtune_api.digest import digest_of
from embtune_api.resources import API_VERSION
from embtune_operator.kube import labels

if TYPE_CHECKING:
    from embtune_api.line import JobTemplate
    from embtune_api.resources import EmbeddingModel

TEMPLATE_HASH = "embtune.dev/template-hash"
"""Label of a job that was stamped from a template."""
MUTABLE = {"suspend", "ttl_seconds_after_finished"}
_LONGEST, _HASH = 63, 10


def template_hash(line: EmbeddingModel, template: JobTemplate) -> str:
    """10 hex characters of what a job can never change; an edit of anything else changes the job that is there.

    Values that equal the default do not count, so that a newer embtune with more fields stamps no new job by itself.
    """
    recipe = template.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude=MUTABLE)
    return digest_of({"model": line.metadata.name, "spec": recipe})[:_HASH]


def stamped_name(line: EmbeddingModel, short: str) -> str:
    """`<model>-<hash>`, where the model's name is cut if it is too long; the hash knows it whole."""
    return f"{line.metadata.name[: _LONGEST - _HASH - 1].rstrip('-.')}-{short}"


def stamped_job(line: EmbeddingModel, template: JobTemplate) -> dict[str, Any]:
    """What is POSTed. It goes when the EmbeddingModel goes, as a ReplicaSet does; its version stays."""
    short = template_hash(line, template)
    recipe = template.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return {
        "apiVersion": API_VERSION,
        "kind": "FineTuneJob",
        "metadata": {
            "name": stamped_name(line, short),
            "namespace": line.metadata.namespace,
            "labels": {**template.labels, **_stamp_labels(line, short)},
            "ownerReferences": [labels.owner_reference(line)],
        },
        "spec": {"model": line.metadata.name, **recipe},
    }


def stamped_of(line: EmbeddingModel) -> str:
    """Selects every job that was stamped for the line."""
    return f"{labels.MODEL}={labels.label_value(line.metadata.name)},{TEMPLATE_HASH}"


def mutable_changes(template: JobTemplate, job: dict[str, Any]) -> dict[str, Any]:
    """A merge patch that brings what may change of the stamped job in line with the template; empty if it is."""
    wanted = {"suspend": template.spec.suspend, "ttlSecondsAfterFinished": template.spec.ttl_seconds_after_finished}
    has = {"suspend": job["spec"].get("suspend", False), "ttlSecondsAfterFinished": job["spec"].get("ttlSecondsAfterFinished")}
    carried = job["metadata"].get("labels") or {}
    patch: dict[str, Any] = {}
    if wanted != has:
        patch["spec"] = wanted
    ours = (labels.MODEL, TEMPLATE_HASH)
    if added := {name: value for name, value in template.labels.items() if name not in ours and carried.get(name) != value}:
        patch["metadata"] = {"labels": added}
    return patch


def _stamp_labels(line: EmbeddingModel, short: str) -> dict[str, str]:
    return {labels.MODEL: labels.label_value(line.metadata.name), TEMPLATE_HASH: short}
