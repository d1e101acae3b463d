"""Standing still: a training saves a checkpoint first, everything else is ended at once, and nothing new is launched."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from embtune_operator.pipeline.attempts import ended
from embtune_operator.pipeline.conditions import condition, condition_of
from embtune_operator.pipeline.decision import Decision
from embtune_operator.pipeline.status import PHASES, status_of
from embtune_operator.pipeline.wishes import done

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.status import Attempt, Progress
    from embtune_operator.cluster import ChildState
    from embtune_operator.pipeline.situation import Situation
    from embtune_operator.pipeline.wishes import SuspendedBy

GRACE = timedelta(seconds=300)
"""What a training has to save its checkpoint."""
_WAYS_BACK: dict[SuspendedBy, str] = {
    "SpecSuspend": "set spec.suspend to false to go on",
    "Requested": "the request resume makes it go on",
}


def stand_still(case: Situation, by: SuspendedBy) -> Decision:
    """Free the pods. To be asked on every pass while the job is suspended."""
    saving = [] if case.now >= _since(case) + GRACE else _saving(case)
    if saving:
        return _ask_to_stop(case, by)
    over = tuple(child.name for child in case.seen.children if child in case.active or _is_current(case, child))
    case = replace(case, attempts=tuple(_ended_by(case, attempt) for attempt in case.attempts))
    told = condition_of(case.job.status, "Suspended")
    message = told.message if told and (told.status, told.reason) == ("True", by) else f"{_where(case)}; {_WAYS_BACK[by]}"
    status = status_of(
        case,
        "Suspended",
        condition("Suspended", by, message, case.now),
        progress=_progress(case),
        last_request=done(case.answer, message),
    )
    return Decision(case.job, status, delete=over)


def _ask_to_stop(case: Situation, by: SuspendedBy) -> Decision:
    current = case.plan.current
    assert current
    told = condition_of(case.job.status, "Suspended")
    asked = told is not None and told.status == "False"
    message = f"a checkpoint is being saved; the pods are freed at the latest {GRACE.total_seconds():.0f} seconds after the wish"
    status = status_of(case, PHASES["train"], condition("Suspended", by, message, case.now, true=False))
    key = "" if asked else current.keys.control
    return Decision(case.job, status, stop_key=key, delete=case.stale, requeue_after=case.plan.settings.poll_seconds)


def _saving(case: Situation) -> list[ChildState]:
    """The training that can save a checkpoint."""
    current = case.plan.current
    if current is None or current.name != "train" or case.seen.current_is_done:
        return []
    return [c for c in case.at_work_on(current) if c.state == "Running" and c.name not in case.stale]


def _since(case: Situation) -> datetime:
    """When the pods were first asked to go."""
    told = condition_of(case.job.status, "Suspended")
    return told.last_transition_time if told and told.status == "False" else case.now


def _is_current(case: Situation, child: ChildState) -> bool:
    current = case.plan.current
    return current is not None and child.step == current.name


def _ended_by(case: Situation, attempt: Attempt) -> Attempt:
    if attempt.state not in ("Queued", "Running"):
        return attempt
    return ended(attempt, "Suspended", "the job was suspended", case.now)


def _progress(case: Situation) -> Progress | None:
    return case.seen.progress or (case.job.status.progress if case.job.status else None)


def _where(case: Situation) -> str:
    current, progress = case.plan.current, _progress(case)
    if current is None:
        return "stopped before the release" if case.plan.resolved.prepared else "stopped before prepare"
    if not any(attempt.step == current.name for attempt in case.attempts):
        return f"stopped before {current.name}"
    if current.name == "train" and progress and progress.step is not None:
        return f"stopped in train, at step {progress.step} of {progress.total_steps}, to go on from its newest checkpoint"
    return f"stopped in {current.name}"
