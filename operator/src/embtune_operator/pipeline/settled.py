"""Whether a job is settled: finished, and told so, with nothing left to do."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import TYPE_CHECKING

from embtune_operator.pipeline.wishes import new_wish

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.resources import FineTuneJob

FINISHED = frozenset({"Succeeded", "Failed"})


def is_settled(job: FineTuneJob, now: datetime) -> float | None:
    """Seconds until a settled job needs a look again (`math.inf`: never by itself); None: it needs one now.

    A settled job is recognised by itself alone, with no request to the cluster or to the store.
    """
    status = job.status
    if status is None or not is_finished(job):
        return None
    if status.observed_generation != job.metadata.generation or new_wish(job) is not None:
        return None
    due = cleaning_due(job)
    if due is None:
        return math.inf
    return (due - now).total_seconds() if due > now else None


def is_finished(job: FineTuneJob) -> bool:
    return job.status is not None and job.status.phase in FINISHED


def cleaning_due(job: FineTuneJob) -> datetime | None:
    """When the job's children and scratch objects are to be removed; None: never, or it is done."""
    status, ttl = job.status, job.spec.ttl_seconds_after_finished
    if status is None or status.finished_at is None or status.cleaned_at is not None or ttl is None:
        return None
    return status.finished_at + timedelta(seconds=ttl)
