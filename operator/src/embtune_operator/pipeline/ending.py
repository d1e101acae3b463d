"""The ends of a job, and what is still to be done for one that has ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.status import FineTuneJobStatus
from embtune_operator.pipeline.attempts import ACTIVE, ended
from embtune_operator.pipeline.conditions import condition, with_their_times
from embtune_operator.pipeline.decision import Decision
from embtune_operator.pipeline.settled import cleaning_due
from embtune_operator.pipeline.status import status_of
from embtune_operator.pipeline.told import told
from embtune_operator.pipeline.wishes import answer, too_late

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.resources import FineTuneJob
    from embtune_api.status import Attempt, LastRequest
    from embtune_operator.pipeline.situation import Situation


def fail(case: Situation, reason: str, message: str, *, last_failure_is_final: bool = False) -> Decision:
    """End a job that cannot go on, with the paragraph that says why."""
    known = status_of(case, "Failed", last_failure_is_final=last_failure_is_final)
    return _failed(case.job, known, reason, message, case.now)


def give_up(job: FineTuneJob, reason: str, message: str, now: datetime) -> Decision:
    """As `fail`, where something was found wrong before the situation was known."""
    known = job.status or FineTuneJobStatus()
    asked = {"observed_generation": job.metadata.generation, "last_request": answer(job, now)}
    return told(_failed(job, known.model_copy(update=asked), reason, message, now))


def finished_before(job: FineTuneJob, end: FineTuneJobStatus, answered: LastRequest | None) -> Decision:
    """The end that a pass reached, which did not come to say so."""
    now = {"observed_generation": job.metadata.generation, "last_request": too_late(answered)}
    return Decision(job, end.model_copy(update=now), ends=True, requeue_after=None)


def after_the_end(job: FineTuneJob, now: datetime) -> Decision:
    """What a finished job still needs: to be told of a change of its spec, an answer, and to be cleaned when that is due."""
    assert job.status
    due = cleaning_due(job)
    cleans = due is not None and now >= due
    status = job.status.model_copy(
        update={
            "observed_generation": job.metadata.generation,
            "last_request": answer(job, now),
            "cleaned_at": now if cleans else job.status.cleaned_at,
        }
    )
    wait = (due - now).total_seconds() if due and not cleans else None
    return Decision(job, status, cleans=cleans, requeue_after=wait)


def _failed(job: FineTuneJob, known: FineTuneJobStatus, reason: str, message: str, now: datetime) -> Decision:
    kept = [c for c in known.conditions if c.type not in ("Failed", "Suspended")]
    status = known.model_copy(
        update={
            "phase": "Failed",
            "progress": None,
            "conditions": with_their_times([*kept, condition("Failed", reason, message, now)], job.status),
            "attempts": [_ended(attempt, now) for attempt in known.attempts],
            "finished_at": now,
            "last_request": too_late(known.last_request),
        }
    )
    return Decision(job, status, ends=True)


def _ended(attempt: Attempt, now: datetime) -> Attempt:
    return ended(attempt, "Deleted", "it was ended with the job", now) if attempt.state in ACTIVE else attempt
