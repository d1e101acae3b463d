"""The next move of a registration, from what is seen of the step's attempts. A failure means what it means for a job."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_operator.cluster import Child, child_name
from embtune_operator.pipeline.attempts import ACTIVE, attempts_at
from embtune_operator.pipeline.plan import PlannedStep
from embtune_operator.pipeline.retries import failures_of, final_failure, pause

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from embtune_api.requests import EvaluateRequest, PrepareRequest, PublishRequest
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import StepName
    from embtune_operator.cluster import ChildState
    from embtune_operator.settings import Settings

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
    request: PrepareRequest | EvaluateRequest | PublishRequest,
    children: Sequence[ChildState],
    job: FineTuneJob,
    settings: Settings,
    now: datetime,
) -> Move:
    """
    - a step that runs, or waits for a node, is watched
    - what can never work, and what failed too often by its own fault, is given up
    - all else is tried again, after a while
    """
    step, doing = PlannedStep(request), _DOING[request.step]
    attempts = attempts_at(step, children, now)
    if alive := next((attempt for attempt in attempts if attempt.state in ACTIVE), None):
        reason = "Queued" if alive.state == "Queued" else doing
        return Move(reason, alive.message or _at_work(step.name, alive.number), wait=settings.poll_seconds)
    failures = failures_of(attempts, step)
    if final := final_failure(step, failures, job, settings):
        return Move(*final)
    if wait := pause(failures, settings, now):
        return Move(doing, f"{step.name} is tried again; it failed: {failures[-1].message}", wait=wait)
    number = 1 + max((child.attempt for child in children if child.step == step.name), default=0)
    child = Child(child_name(job.metadata.uid, step.name, number), number, request)
    return Move(doing, _at_work(step.name, number), child, settings.poll_seconds)


def _at_work(step: StepName, attempt: int) -> str:
    return f"{step}: attempt {attempt} is at work"
