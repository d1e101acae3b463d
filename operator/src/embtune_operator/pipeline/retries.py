"""What the failures of a step mean: whether it is tried again, when, and what is said about it.

Out of memory, errors, images that cannot be pulled and stalls are the step's own fault and count against
`runtime.maxAttempts`. Evictions, lost nodes and deleted pods do not; the platform's limit bounds them too. An attempt that
was stopped saved a checkpoint, and one that was suspended was ended by a wish.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from embtune_operator.pipeline.attempts import NO_FAILURE, ORDER, REMEMBERED, of_step
from embtune_operator.pipeline.conditions import condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from embtune_api.resources import FineTuneJob
    from embtune_api.status import Attempt, Condition, FailureReason
    from embtune_operator.pipeline.plan import PlannedStep
    from embtune_operator.settings import Settings

_LONGEST_PAUSE = timedelta(minutes=5)
_OWN_FAULT: frozenset[FailureReason | None] = frozenset({"OutOfMemory", "Error", "ImagePull", "Stalled", None})
_PAUSES: dict[FailureReason | None, float] = {
    "Evicted": 0.1,
    "NodeLost": 0.1,
    "Deleted": 0.1,
    "Stopped": 0,
    "Suspended": 0,
    "Rejected": 3,
}
"""Of `settings.backoff_seconds`, before the attempt that follows; 1 where nothing is said."""
_CURES: dict[FailureReason | None, str] = {
    "OutOfMemory": "a training that is tried again holds half as many texts at once; set training.microBatchSize or "
    "training.activationCheckpointing, lower training.maxSeqLength, or choose a profile with more memory",
    "ImagePull": "see to it that the node can pull the image, and that the profile names its pull secrets",
    "Stalled": "its log may say what it waited for",
}


def failures_of(attempts: Iterable[Attempt], step: PlannedStep) -> list[Attempt]:
    """The failed attempts at the same output, oldest first; those that nothing was wrong with are none."""
    return [a for a in of_step(attempts, step) if a.state == "Failed" and a.reason not in NO_FAILURE]


def final_failure(step: PlannedStep, failures: Sequence[Attempt], job: FineTuneJob, settings: Settings) -> tuple[str, str] | None:
    """Reason and message, when the step is not tried again; None: it is."""
    if invalid := next((a for a in failures if a.reason == "InvalidInput"), None):
        return "InvalidInput", invalid.message
    own = [a for a in failures if a.reason in _OWN_FAULT]
    unsaved = [a for a in failures if a.reason != "Stopped"]
    if len(own) >= _allowed(job, settings):
        return _word(own[-1]), _why(step, own)
    if len(unsaved) >= settings.max_attempts or len(failures) >= REMEMBERED:
        return _word(failures[-1]), _why(step, failures)
    return None


def pause(failures: Sequence[Attempt], settings: Settings, now: datetime) -> float:
    """Seconds left to wait before the next attempt: doubled with each failure for the same reason."""
    if not failures or failures[-1].finished_at is None:
        return 0
    last = failures[-1]
    assert last.finished_at
    alike = sum(a.reason == last.reason for a in failures)
    whole = min(timedelta(seconds=settings.backoff_seconds * _PAUSES.get(last.reason, 1) * 2 ** (alike - 1)), _LONGEST_PAUSE)
    left = last.finished_at + whole - now
    return max(0.0, min(left, whole).total_seconds())


def retried(failures: Sequence[Attempt], job: FineTuneJob, settings: Settings, now: datetime) -> list[Condition]:
    """The condition that tells of the newest failure that was, or is going to be, repeated."""
    if not failures:
        return []
    last = max(failures, key=lambda a: (a.finished_at or now, ORDER.index(a.step), a.number))
    own = [a for a in failures if a.step == last.step and a.digest == last.digest and a.reason in _OWN_FAULT]
    if last.reason in _OWN_FAULT:
        which = f"failure {own.index(last) + 1} of the {_allowed(job, settings)} that runtime.maxAttempts allows"
    else:
        which = "it does not count against runtime.maxAttempts"
    message = f"{last.step}: attempt {last.number} ended ({_word(last)}), {which}: {last.message}{_cure(last)}"
    return [condition("Retried", _word(last), message, last.finished_at or now)]


def _allowed(job: FineTuneJob, settings: Settings) -> int:
    return min(job.spec.runtime.max_attempts, settings.max_attempts)


def _word(attempt: Attempt) -> str:
    return attempt.reason or "StepFailed"


def _why(step: PlannedStep, failures: Sequence[Attempt]) -> str:
    last = failures[-1]
    times = f"{len(failures)} attempts failed; the last" if len(failures) > 1 else "it failed"
    return f"{step.name}: {times}: {last.message}{_cure(last)}"


def _cure(attempt: Attempt) -> str:
    cure = _CURES.get(attempt.reason)
    return f"; {cure}" if cure else ""
