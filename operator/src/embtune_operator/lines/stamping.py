"""What is to be done about the jobs of a template: made, awaited, replaced or brought in line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embtune_api.line import JobSummary
from embtune_operator.lines.stamp import TEMPLATE_HASH, mutable_changes, stamped_name, template_hash
from embtune_operator.pipeline.settled import FINISHED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.line import JobTemplate
    from embtune_api.resources import EmbeddingModel

    Object = dict[str, Any]


@dataclass(frozen=True)
class Stamping:
    ready: bool
    reason: str
    message: str
    latest: JobSummary | None = None
    """The job of the template, where there is one."""
    delete: tuple[Object, ...] = ()
    create: bool = False
    patch: Object | None = None
    """Of the job of the template."""


def decide_stamping(line: EmbeddingModel, template: JobTemplate, jobs: Sequence[Object]) -> Stamping:
    """
    - a template is stamped once: going back to an earlier one finds its job, finished or not
    - while a job of another template is unfinished, concurrencyPolicy says what happens
    - what may change of a job follows the template

    Args:
        jobs: every job that was stamped for the line.
    """
    short = template_hash(line, template)
    name = stamped_name(line, short)
    own = next((job for job in jobs if job["metadata"]["name"] == name), None)
    if own is not None and "deletionTimestamp" in own["metadata"]:
        return Stamping(False, "JobGoing", f"{name} is being deleted; it is made anew when it is gone")
    others = [job for job in jobs if job is not own and _is_unfinished(job)]
    replaced = tuple(others) if line.spec.concurrency_policy == "Replace" else ()
    if own is not None:
        return _standing(own, jobs, replaced, mutable_changes(template, own) or None)
    if others and line.spec.concurrency_policy == "Forbid":
        waits = ", ".join(f"{job['metadata']['name']} ({phase_of(job)})" for job in others)
        return Stamping(False, "WaitingForJob", f"{name} is made when {waits} has ended: concurrencyPolicy is Forbid")
    latest = JobSummary(name=name, template_hash=short, phase="Pending")
    return Stamping(False, "JobUnfinished", _unfinished(name), latest, replaced, create=True)


def summary(job: Object) -> JobSummary:
    metadata = job["metadata"]
    return JobSummary(name=metadata["name"], template_hash=metadata["labels"][TEMPLATE_HASH], phase=phase_of(job))


def phase_of(job: Object) -> str:
    return str((job.get("status") or {}).get("phase") or "Pending")


def _standing(own: Object, jobs: Sequence[Object], delete: tuple[Object, ...], patch: Object | None) -> Stamping:
    name, phase = own["metadata"]["name"], phase_of(own)
    if phase == "Failed":
        return Stamping(False, "JobFailed", f"{name} has failed: {_said(own, 'Failed')}", summary(own), delete, patch=patch)
    if phase != "Succeeded":
        return Stamping(False, "JobUnfinished", _unfinished(name), summary(own), delete, patch=patch)
    message = f"{name} has finished: {_said(own, 'Complete')}"
    if any(job["metadata"]["creationTimestamp"] > own["metadata"]["creationTimestamp"] for job in jobs):
        message = f"the template is an earlier one, and {message}. Nothing is run again; to have it so, delete {name}"
    return Stamping(True, "UpToDate", message, summary(own), delete, patch=patch)


def _unfinished(name: str) -> str:
    return f"{name} has not finished"


def _is_unfinished(job: Object) -> bool:
    return phase_of(job) not in FINISHED and "deletionTimestamp" not in job["metadata"]


def _said(job: Object, kind: str) -> str:
    found = [c["message"] for c in (job.get("status") or {}).get("conditions") or [] if c["type"] == kind]
    return found[0] if found else phase_of(job)
