"""What is told of a decision: an event for each condition that is new, and for each launch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from embtune_operator.cluster import Event

if TYPE_CHECKING:
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import Condition, ConditionType
    from embtune_operator.cluster import Child
    from embtune_operator.pipeline.decision import Decision

_DETAILS = frozenset({"DataReady", "Trained", "Complete"})
"""Conditions whose coming is no event in a cluster: what follows tells more."""
_NOT_YET: dict[ConditionType, str] = {"Suspended": "Suspending"}
"""Conditions that are false on their way to being true."""


def told(decision: Decision) -> Decision:
    """The decision with its events."""
    before = {_identity(c) for c in decision.job.status.conditions} if decision.job.status else set()
    news = [c for c in decision.status.conditions if _identity(c) not in before]
    return replace(decision, events=(*(_news(c, decision.job) for c in news), *map(_launched, decision.create)))


def _identity(condition: Condition) -> tuple[str, ...]:
    """Retried is news each time; of the others, a message may be told in other words."""
    words = (condition.type, condition.status, condition.reason)
    return (*words, condition.message) if condition.type == "Retried" else words


def _news(condition: Condition, job: FineTuneJob) -> Event:
    if condition.type == "Complete":  # its message repeats the verdict, which has been told
        return Event("Complete", f"{job.metadata.name} has finished", detail=True)
    reason = condition.type if condition.status == "True" else _NOT_YET.get(condition.type, f"Not{condition.type}")
    detail = condition.type in _DETAILS or _is_followed_by_another(condition, job)
    return Event(reason, condition.message, failure=condition.type == "Failed", detail=detail)


def _is_followed_by_another(condition: Condition, job: FineTuneJob) -> bool:
    """A verdict that leads to production, or to the reason why not: an event of its own would be the job's sixteenth write."""
    return condition.type == "Judged" and condition.reason == "Passed" and job.spec.promotion.policy == "Automatic"


def _launched(child: Child) -> Event:
    again = f" again, attempt {child.attempt}" if child.attempt > 1 else ""
    return Event("Started", f"{child.request.step} started{again}", detail=True)
