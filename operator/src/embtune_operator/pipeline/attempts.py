"""The attempts of a job's steps: what is seen of them now, merged with what the status remembers.

The status is the memory, since children can be deleted by anybody. An attempt that has ended stays as it ended, and its
number is never given to another one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embtune_api.errors import Exit
from embtune_api.keys import SHORT
from embtune_api.status import Attempt
from embtune_operator.pipeline.conditions import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from embtune_api.status import FailureReason, StepName
    from embtune_operator.cluster import ChildState
    from embtune_operator.pipeline.observe import Seen
    from embtune_operator.pipeline.plan import Plan, PlannedStep

REMEMBERED = 20
"""Attempts of a step that the status keeps: a quarter of what it has room for."""
ACTIVE = frozenset({"Queued", "Running"})
NO_FAILURE: frozenset[FailureReason | None] = frozenset({"Suspended", "Superseded"})
"""Why attempts were ended that nothing was wrong with."""
ORDER: tuple[StepName, ...] = ("prepare", "train", "evaluate", "publish")
_BY_EXIT_CODE: dict[int, FailureReason] = {int(Exit.INVALID): "InvalidInput", int(Exit.STOPPED): "Stopped"}


def attempts_of(plan: Plan, seen: Seen, now: datetime, *, suspended: bool) -> tuple[Attempt, ...]:
    """Every attempt that is known of, in order.

    - a child that is there says how its attempt is, unless that has ended already
    - an attempt whose step is done has succeeded
    - one that ended well without its output has failed
    - one that works on what is no longer wanted is superseded
    - one whose child is gone was deleted; while the job is suspended that was meant
    - one whose progress stands still has stalled
    """
    remembered = {(a.step, a.number): a for a in plan.job.status.attempts} if plan.job.status else {}
    children = {(child.step, child.attempt): child for child in seen.children}
    merged = [
        _attempt(remembered.get(key), children.get(key), _Outputs(plan, seen), now, suspended=suspended)
        for key in remembered.keys() | children.keys()
    ]
    if seen.stalled:
        merged = [_stalled(attempt, plan, seen, now) for attempt in merged]
    return bounded(merged)


def attempts_at(step: PlannedStep, children: Iterable[ChildState], now: datetime) -> list[Attempt]:
    """The attempts at a step whose output is missing, as their children tell them, oldest first: where no status remembers."""
    seen = (_seen(None, c, now) for c in children if (c.step, c.digest) == (step.name, step.digest))
    return sorted((_lost(a, now) if a.state == "Succeeded" else a for a in seen), key=lambda a: a.number)


def of_step(attempts: Iterable[Attempt], step: PlannedStep) -> list[Attempt]:
    """Those that work, or worked, towards the same output."""
    return [attempt for attempt in attempts if (attempt.step, attempt.digest) == (step.name, step.digest[:SHORT])]


def next_number(attempts: Iterable[Attempt], step: StepName) -> int:
    return 1 + max((attempt.number for attempt in attempts if attempt.step == step), default=0)


def ended(attempt: Attempt, reason: FailureReason, message: str, now: datetime) -> Attempt:
    return attempt.model_copy(update={"state": "Failed", "reason": reason, "message": shortened(message), "finished_at": now})


class _Outputs:
    """Which digests are wanted, which of them have their output, and which one still needs it."""

    def __init__(self, plan: Plan, seen: Seen) -> None:
        current = None if seen.current_is_done else plan.current
        self.missing = (current.name, current.digest[:SHORT]) if current else None
        self.wanted = {(step.name, step.digest[:SHORT]) for step in plan.steps}
        self.there = self.wanted - {self.missing}


def _attempt(before: Attempt | None, child: ChildState | None, outputs: _Outputs, now: datetime, *, suspended: bool) -> Attempt:
    if before and before.state == "Failed":
        return before
    attempt = _seen(before, child, now) if child else before
    assert attempt
    place = (attempt.step, attempt.digest)
    if place in outputs.there and attempt.state != "Failed":
        return attempt.model_copy(update={"state": "Succeeded", "finished_at": attempt.finished_at or now})
    if attempt.state == "Succeeded" and place == outputs.missing:
        return _lost(attempt, now)
    if attempt.state in ACTIVE and place not in outputs.wanted:
        return ended(attempt, "Superseded", "its result is no longer wanted: what is in production has changed", now)
    if child is None and attempt.state in ACTIVE:
        return _gone(attempt, now, suspended=suspended)
    if suspended and attempt.reason in ("Stopped", "Deleted"):
        return attempt.model_copy(update={"reason": "Suspended"})
    return attempt


def _seen(before: Attempt | None, child: ChildState, now: datetime) -> Attempt:
    over = child.state not in ACTIVE
    failed: dict[str, Any] = (
        {"reason": child.reason or _BY_EXIT_CODE.get(child.exit_code or 0)} if child.state == "Failed" else {}
    )
    return Attempt(
        step=child.step,
        number=child.attempt,
        digest=child.digest[:SHORT],
        state=child.state,
        message=shortened(child.message),
        launched_at=(before.launched_at if before else None) or child.started_at or now,
        started_at=child.started_at or (before.started_at if before else None),
        finished_at=(child.finished_at or (before.finished_at if before else None) or now) if over else None,
        **failed,
    )


def _lost(attempt: Attempt, now: datetime) -> Attempt:
    return ended(attempt, "Error", "it ended without its output: the store may have lost it", attempt.finished_at or now)


def _gone(attempt: Attempt, now: datetime, *, suspended: bool) -> Attempt:
    if suspended:
        return ended(attempt, "Suspended", "the job was suspended", now)
    return ended(attempt, "Deleted", "somebody deleted it, or it was lost with its node", now)


def _stalled(attempt: Attempt, plan: Plan, seen: Seen, now: datetime) -> Attempt:
    current = plan.current
    if attempt.state != "Running" or current is None or not of_step([attempt], current):
        return attempt
    where = f" at {seen.progress.percent:.0f} %" if seen.progress else ""
    seconds = plan.settings.stall_seconds or 0
    how_long = f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
    return ended(attempt, "Stalled", f"its progress stood still{where} for {how_long}, so it was ended", now)


def bounded(attempts: Sequence[Attempt]) -> tuple[Attempt, ...]:
    """What the status has room for, in order."""
    return tuple(attempt for step in ORDER for attempt in _newest([a for a in attempts if a.step == step]))


def _newest(attempts: list[Attempt]) -> list[Attempt]:
    """The newest ones; of those that did not count anyway, the older ones go first."""
    kept = sorted(attempts, key=lambda a: a.number)
    while len(kept) > REMEMBERED:
        kept.remove(next((a for a in kept[:-1] if a.reason in NO_FAILURE), kept[0]))
    return kept
