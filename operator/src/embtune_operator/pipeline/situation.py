"""The situation of a job at one moment: everything that a decision is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.keys import SHORT
from embtune_operator.pipeline.attempts import ACTIVE, attempts_of
from embtune_operator.pipeline.wishes import answer, suspended_by

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.resources import FineTuneJob
    from embtune_api.status import Attempt, LastRequest
    from embtune_operator.cluster import ChildState
    from embtune_operator.pipeline.observe import Seen
    from embtune_operator.pipeline.plan import Plan, PlannedStep
    from embtune_operator.pipeline.wishes import SuspendedBy


@dataclass(frozen=True)
class Situation:
    plan: Plan
    seen: Seen
    now: datetime
    attempts: tuple[Attempt, ...]
    answer: LastRequest | None
    """To the newest wish."""
    suspended_by: SuspendedBy | None

    @property
    def job(self) -> FineTuneJob:
        return self.plan.job

    @property
    def active(self) -> tuple[ChildState, ...]:
        """Children that hold pods, or are going to."""
        return tuple(child for child in self.seen.children if child.state in ACTIVE)

    def at_work_on(self, step: PlannedStep) -> list[ChildState]:
        return [child for child in self.active if (child.step, child.digest) == (step.name, step.digest)]

    @property
    def stale(self) -> tuple[str, ...]:
        """Children at work whose attempt has ended: it has stalled, or its result is no longer wanted."""
        over = {(a.step, a.number) for a in self.attempts if a.state == "Failed"}
        return tuple(c.name for c in self.active if (c.step, c.attempt) in over)

    def waiting(self, step: PlannedStep) -> Attempt | None:
        """The attempt at a step that has been created, but has not started."""
        found = (a for a in self.attempts if (a.step, a.digest) == (step.name, step.digest[:SHORT]) and a.state == "Queued")
        return next(found, None)


def situation_of(plan: Plan, seen: Seen, now: datetime) -> Situation:
    answered = answer(plan.job, now)
    by = suspended_by(plan.job, answered)
    return Situation(plan, seen, now, attempts_of(plan, seen, now, suspended=by is not None), answered, by)
