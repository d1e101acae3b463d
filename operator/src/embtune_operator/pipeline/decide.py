"""The decision: what is to be done now, and what the job's status is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from embtune_api.documents import JobResult, Judgement, Rejudgement
from embtune_api.errors import Exit
from embtune_operator.cluster import Child, Event, child_name
from embtune_operator.pipeline.status import PHASES, condition, given_up, status_of
from embtune_operator.registry.release import JobPromotion

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.resources import FineTuneJob
    from embtune_api.status import Condition, FineTuneJobStatus
    from embtune_operator.cluster import ChildState
    from embtune_operator.pipeline.observe import Seen
    from embtune_operator.pipeline.plan import Plan, PlannedStep

_LONGEST_BACKOFF = timedelta(minutes=5)


@dataclass(frozen=True)
class Decision:
    """What `apply` does, in the order of the fields."""

    job: FineTuneJob
    status: FineTuneJobStatus
    """The whole new status."""
    judgement: Judgement | None = None
    """To be kept beside the evaluation that it judges."""
    judgement_key: str = ""
    rejudgement: Rejudgement | None = None
    """To be kept beside the version, which was published with another verdict."""
    rejudgement_key: str = ""
    promotion: JobPromotion | None = None
    finished_promotion: bool = False
    """The release has been swapped: see to it that its history is complete."""
    result: JobResult | None = None
    """Nothing is left to do, for good."""
    delete: tuple[str, ...] = ()
    create: tuple[Child, ...] = ()
    events: tuple[Event, ...] = ()
    requeue_after: float | None = None
    """Seconds until the next look; None: nothing more will happen by itself."""


def decide(plan: Plan, seen: Seen, now: datetime) -> Decision:
    """The next move.

    - a job that has a result is finished
    - a verdict is kept in the store before anything follows from it
    - a step that is not done is launched, watched, tried again or given up
    - a version that was judged again after it had been published is told so
    - a passed verdict goes to production, if the policy says so, and the job is finished when it is there
    """
    resolved = plan.resolved
    if resolved.result:
        return Decision(plan.job, resolved.result.status)
    if resolved.verdict and not resolved.judgement:
        return _keep_verdict(plan, seen, now)
    if plan.current:
        return _work_on(plan.current, plan, seen, now)
    if resolved.last_judgement and resolved.last_judgement.evaluation != resolved.judged_evaluation:
        return _keep_rejudgement(plan, resolved.last_judgement.again + 1, seen, now)
    if _wants_promotion(plan) and not resolved.promoted:
        return _promote(plan, seen, now)
    return _finish(plan, seen, now)


def give_up(job: FineTuneJob, reason: str, message: str, now: datetime, status: FineTuneJobStatus | None = None) -> Decision:
    """End a job that cannot go on, with the paragraph that says why; `status`: what else is known by now."""
    return _told(Decision(job, given_up(status or job.status, job.status, reason, message, now)))


def _keep_verdict(plan: Plan, seen: Seen, now: datetime) -> Decision:
    evaluate = plan.step("evaluate")
    assert evaluate
    assert plan.resolved.verdict
    status = status_of(plan, seen, now, "Evaluating")
    judgement = Judgement(verdict=plan.resolved.verdict, at=now)
    return _told(Decision(plan.job, status, judgement=judgement, judgement_key=evaluate.keys.verdict, requeue_after=0))


def _keep_rejudgement(plan: Plan, number: int, seen: Seen, now: datetime) -> Decision:
    version = plan.resolved.version
    assert version
    rejudgement = Rejudgement(evaluation=plan.resolved.judged_evaluation, at=now)
    key = plan.line.version(version.version).verdict(number)
    status = status_of(plan, seen, now, "Publishing")
    return _told(Decision(plan.job, status, rejudgement=rejudgement, rejudgement_key=key, requeue_after=0))


def _work_on(step: PlannedStep, plan: Plan, seen: Seen, now: datetime) -> Decision:
    attempts = sorted((c for c in seen.children if (c.step, c.digest) == (step.name, step.digest)), key=lambda c: c.attempt)
    status = status_of(plan, seen, now, PHASES[step.name])
    stale = _stale(plan, seen)
    if seen.current_is_done:
        return _told(Decision(plan.job, status, delete=stale, requeue_after=0))
    if any(child.state == "Running" for child in attempts):
        return _told(Decision(plan.job, status, delete=stale, requeue_after=plan.settings.poll_seconds))
    failures = [child for child in attempts if child.exit_code != Exit.STOPPED]
    if invalid := next((child for child in failures if child.exit_code == Exit.INVALID), None):
        return give_up(plan.job, "InvalidInput", invalid.message, now, status)
    allowed = min(plan.job.spec.runtime.max_attempts, plan.settings.max_attempts)
    if len(failures) >= allowed:
        return give_up(plan.job, "StepFailed", _why(step, failures), now, status)
    if wait := _backoff(failures, plan.settings.backoff_seconds, now):
        return _told(Decision(plan.job, status, delete=stale, requeue_after=wait))
    number = 1 + max((child.attempt for child in seen.children if child.step == step.name), default=0)
    child = Child(child_name(plan.job.metadata.uid, step.name, number), number, step.request)
    launched = Decision(plan.job, status, delete=stale, create=(child,), requeue_after=plan.settings.poll_seconds)
    return _told(launched)


def _stale(plan: Plan, seen: Seen) -> tuple[str, ...]:
    """Children at work on what is no longer wanted: an evaluation against a champion that has been replaced."""
    wanted = {(step.name, step.digest) for step in plan.steps}
    return tuple(c.name for c in seen.children if c.state == "Running" and (c.step, c.digest) not in wanted)


def _why(step: PlannedStep, failures: list[ChildState]) -> str:
    last = failures[-1]
    said = last.message if last.state == "Failed" else "it ended without its output: the store may have lost it"
    times = f"{len(failures)} attempts failed; the last" if len(failures) > 1 else "it failed"
    return f"{step.name}: {times}: {said}"


def _backoff(failures: list[ChildState], first: float, now: datetime) -> float:
    """Seconds left to wait before the next attempt."""
    ended = failures[-1].finished_at if failures else None
    if ended is None:
        return 0
    pause = min(timedelta(seconds=first * 2 ** (len(failures) - 1)), _LONGEST_BACKOFF)
    return max(0.0, (ended + pause - now).total_seconds())


def _wants_promotion(plan: Plan) -> bool:
    verdict = plan.resolved.verdict
    return verdict is not None and verdict.outcome == "Passed" and plan.job.spec.promotion.policy == "Automatic"


def _promote(plan: Plan, seen: Seen, now: datetime) -> Decision:
    version, champion = plan.resolved.version, plan.resolved.champion
    assert version
    wish = JobPromotion(plan.job.metadata.uid, version, champion.ref if champion else None)
    return _told(Decision(plan.job, status_of(plan, seen, now, "Publishing"), promotion=wish, requeue_after=0))


def _finish(plan: Plan, seen: Seen, now: datetime) -> Decision:
    verdict, version = plan.resolved.verdict, plan.resolved.version
    assert verdict
    assert version
    message = f"{plan.job.spec.model} v{version.version} is published: {verdict.outcome}, {verdict.reason}"
    status = status_of(plan, seen, now, "Succeeded", condition("Complete", verdict.outcome, message, now))
    return _told(
        Decision(plan.job, status, finished_promotion=plan.resolved.promoted is not None, result=JobResult(status=status))
    )


def _told(decision: Decision) -> Decision:
    """The decision with an event for each condition that is new in its status."""
    before = {(c.type, c.status, c.reason) for c in decision.job.status.conditions} if decision.job.status else set()
    news = [c for c in decision.status.conditions if (c.type, c.status, c.reason) not in before]
    events = (*(_news(c, decision.job) for c in news), *map(_launched, decision.create))
    return replace(decision, events=events)


def _news(condition: Condition, job: FineTuneJob) -> Event:
    if condition.type == "Complete":  # its message repeats the verdict, which has been told
        return Event("Complete", f"{job.metadata.name} has finished")
    reason = condition.type if condition.status == "True" else f"Not{condition.type}"
    return Event(reason, condition.message, failure=condition.type == "Failed")


def _launched(child: Child) -> Event:
    again = f" again, attempt {child.attempt}" if child.attempt > 1 else ""
    return Event("Started", f"{child.request.step} started{again}")
