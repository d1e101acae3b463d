"""A child that the cluster refuses for now: no quota, a policy, no answer. The job waits, and its status says for what."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from embtune_operator.pipeline.conditions import condition, condition_of

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.status import FineTuneJobStatus
    from embtune_operator.cluster import ClusterError, Event
    from embtune_operator.pipeline.decision import Decision
    from embtune_operator.settings import Settings

_LONGEST_PAUSE = 300.0
"""seconds"""


def refused(decision: Decision, error: ClusterError, settings: Settings, now: datetime) -> Decision:
    """The decision as it is without its launch: no attempt was made, so none is counted. Asked again ever more seldom."""
    before = condition_of(decision.job.status, "Retried")
    since = before.last_transition_time if before and before.reason == "Rejected" else now
    told = condition("Retried", "Rejected", f"{decision.create[0].request.step} is not launched yet: {error}", since)
    wait = min(max(settings.backoff_seconds, (now - since).total_seconds()), _LONGEST_PAUSE)
    others = [c for c in decision.status.conditions if c.type != "Retried"]
    status = decision.status.model_copy(
        update={"phase": "Queued", "conditions": [*others, told], **_as_before_the_launch(decision)}
    )
    return replace(decision, status=status, create=(), events=_without_launches(decision), requeue_after=wait)


def _as_before_the_launch(decision: Decision) -> dict[str, object]:
    launched = {(child.request.step, child.attempt) for child in decision.create}
    before: FineTuneJobStatus | None = decision.job.status
    return {
        "attempts": [a for a in decision.status.attempts if (a.step, a.number) not in launched],
        "started_at": before.started_at if before else None,
        "launch": before.launch if before else None,
    }


def _without_launches(decision: Decision) -> tuple[Event, ...]:
    return tuple(event for event in decision.events if event.reason != "Started")
