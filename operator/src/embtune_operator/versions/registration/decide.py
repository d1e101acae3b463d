"""The next move of a registration, from what is seen of the step's attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from embtune_api.errors import Exit
from embtune_api.spec import Runtime
from embtune_operator.cluster import Child, child_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from embtune_api.requests import EvaluateRequest, PrepareRequest, PublishRequest
    from embtune_api.status import StepName
    from embtune_operator.cluster import ChildState
    from embtune_operator.settings import Settings

NOBODYS_FAULT = frozenset({"Evicted", "NodeLost", "Deleted", "Stopped", "Rejected"})
_LONGEST_BACKOFF = timedelta(minutes=5)
_DOING: dict[StepName, str] = {"prepare": "Staging", "evaluate": "Examining", "publish": "Publishing"}


@dataclass(frozen=True)
class Move:
    """What is done now, and what people are told."""

    reason: str
    """One word: where the registration stands."""
    message: str
    create: Child | None = None
    wait: float | None = None
    """Seconds until the next look; None: it has failed for good."""


def decide(
    step: PrepareRequest | EvaluateRequest | PublishRequest,
    children: Sequence[ChildState],
    uid: str,
    settings: Settings,
    now: datetime,
) -> Move:
    """
    - a step that runs, or waits for a node, is watched
    - what can never work, and what failed too often by its own fault, is given up
    - all else is tried again, after a while
    """
    doing = _DOING[step.step]
    attempts = sorted((c for c in children if (c.step, c.digest) == (step.step, step.digest)), key=lambda c: c.attempt)
    if alive := next((child for child in attempts if child.state in ("Queued", "Running")), None):
        reason = "Queued" if alive.state == "Queued" else doing
        return Move(reason, alive.message or _at_work(step.step, alive.attempt), wait=settings.poll_seconds)
    failures = [child for child in attempts if child.exit_code != Exit.STOPPED]
    if invalid := next((child for child in failures if child.exit_code == Exit.INVALID), None):
        return Move("InvalidInput", invalid.message)
    counted = [child for child in failures if child.reason not in NOBODYS_FAULT]
    if len(counted) >= Runtime().max_attempts or len(failures) >= settings.max_attempts:
        why = f"{step.step}: {len(failures)} attempts failed; the last: {_said(failures[-1])}"
        return Move(failures[-1].reason or "Error", why)
    if failures and (wait := _backoff(failures, settings.backoff_seconds, now)):
        return Move(doing, f"{step.step} is tried again; it failed: {_said(failures[-1])}", wait=wait)
    number = 1 + max((child.attempt for child in children if child.step == step.step), default=0)
    child = Child(child_name(uid, step.step, number), number, step)
    return Move(doing, _at_work(step.step, number), child, settings.poll_seconds)


def _at_work(step: StepName, attempt: int) -> str:
    return f"{step}: attempt {attempt} is at work"


def _said(child: ChildState) -> str:
    return child.message or "it ended without its output: the store may have lost it"


def _backoff(failures: Sequence[ChildState], first: float, now: datetime) -> float:
    """Seconds left to wait before the next attempt."""
    ended = failures[-1].finished_at
    if ended is None:
        return 0
    pause = min(timedelta(seconds=first * 2 ** (len(failures) - 1)), _LONGEST_BACKOFF)
    return max(0.0, (ended + pause - now).total_seconds())
