"""Wishes: the request in a resource's annotation, and what is answered to a job's in `status.lastRequest`.

A job understands `suspend` and `resume`. What is answered once is not looked at again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from embtune_api.status import LastRequest
from embtune_api.wish import ANNOTATION, parse_wish
from embtune_operator.pipeline.conditions import condition_of

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.resources import AnyResource, FineTuneJob
    from embtune_api.wish import Action

SuspendedBy = Literal["SpecSuspend", "Requested"]
_LONGEST = 512
"""Of what is echoed."""


def new_wish(resource: AnyResource) -> str | None:
    """The annotation's value, if nothing has been answered to it yet."""
    value = resource.metadata.annotations.get(ANNOTATION, "").strip()[:_LONGEST]
    last = last_answer(resource)
    return value if value and (last is None or last.value != value) else None


def last_answer(resource: AnyResource) -> LastRequest | None:
    return resource.status.last_request if resource.status else None


def answer(job: FineTuneJob, now: datetime) -> LastRequest | None:
    """What is said to the newest wish: the same as before where it is no new one."""
    value = new_wish(job)
    if value is None:
        return last_answer(job)
    try:
        outcome, message = _answer(job, parse_wish(value).action)
    except ValueError as error:
        outcome, message = "Refused", str(error)
    return LastRequest(value=value, outcome=outcome, message=message, at=now)


def suspended_by(job: FineTuneJob, answered: LastRequest | None) -> SuspendedBy | None:
    """Who wants the job to stand still. What was wished holds until a `resume`, whatever is asked in between."""
    told = condition_of(job.status, "Suspended")
    requested = told is not None and told.reason == "Requested"
    if answered is not None and answered != last_answer(job) and answered.outcome != "Refused":
        requested = parse_wish(answered.value).action == "suspend"
    return "Requested" if requested else "SpecSuspend" if job.spec.suspend else None


def done(answered: LastRequest | None, message: str) -> LastRequest | None:
    """The answer once what was in progress has come true."""
    return _resolved(answered, "Done", message)


def too_late(answered: LastRequest | None) -> LastRequest | None:
    """The answer of a job that ended before it could do what was in progress."""
    return _resolved(answered, "Refused", "the job ended first")


def _answer(job: FineTuneJob, action: Action) -> tuple[Literal["Done", "Refused", "InProgress"], str]:
    status = job.status
    if action not in ("suspend", "resume"):
        version = status.model_version.name if status and status.model_version else f"{job.spec.model}-v<number>"
        return "Refused", f"a job cannot {action}: put the request on the ModelVersion, here {version}"
    if status and status.finished_at:
        return "Refused", f"the job has ended ({status.phase}): there is nothing to {action}"
    if action == "suspend":
        return "InProgress", "what runs is being stopped"
    if job.spec.suspend:
        return "Refused", "spec.suspend is true and wins over requests: set it to false"
    return "Done", "it goes on"


def _resolved(answered: LastRequest | None, outcome: Literal["Done", "Refused"], message: str) -> LastRequest | None:
    if answered is None or answered.outcome != "InProgress":
        return answered
    return answered.model_copy(update={"outcome": outcome, "message": message})
