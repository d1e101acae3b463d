"""What is told of a decision: an event for each condition that is new, and for each launch."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from embtune_api.keys import SHORT
from embtune_api.requests import TrainRequest
from embtune_operator.cluster import Event

if TYPE_CHECKING:
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import Condition, ConditionType
    from embtune_operator.cluster import Child
    from embtune_operator.pipeline.decision import Decision

_DETAILS = frozenset({"DataReady", "Trained", "Complete"})
"""Conditions whose coming is no event in a cluster: what follows tells more."""
_SETTLED = frozenset({"Trained", "Failed", "Skipped"})
_NOT_YET: dict[ConditionType, str] = {"Suspended": "Suspending"}
"""Conditions that are false on their way to being true."""


def told(decision: Decision) -> Decision:
    """The decision with its events."""
    before = {_identity(c) for c in decision.job.status.conditions} if decision.job.status else set()
    news = [c for c in decision.status.conditions if _identity(c) not in before]
    of_conditions = (_news(c, decision.job) for c in news)
    return replace(
        decision, events=(*_of_candidates(decision), *of_conditions, *(_launched(child, decision) for child in decision.create))
    )


def _of_candidates(decision: Decision) -> list[Event]:
    """One for each that has been trained, or will not be."""
    before = {one.name: one.phase for one in decision.job.status.candidates} if decision.job.status else {}
    settled = [one for one in decision.status.candidates if one.phase in _SETTLED and before.get(one.name) != one.phase]
    return [
        Event(f"Candidate{one.phase}", f"candidate {one.name}: {one.message or one.score}", detail=one.phase == "Trained")
        for one in settled
    ]


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


def _launched(child: Child, decision: Decision) -> Event:
    candidate = child.request.candidate if isinstance(child.request, TrainRequest) else None
    number, which = child.attempt, ""
    if candidate:
        place = (child.request.step, child.request.digest[:SHORT])
        number, which = sum((a.step, a.digest) == place for a in decision.status.attempts), f" of {candidate}"
    again = f" again, attempt {number}" if number > 1 else ""
    return Event("Started", f"{child.request.step}{which} started{again}", detail=True)
