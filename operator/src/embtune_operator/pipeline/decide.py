"""The decision: what is to be done now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from embtune_api.documents.evaluate import Judgement
from embtune_api.documents.job import JobResult
from embtune_api.documents.publish import Rejudgement
from embtune_api.keys import SHORT
from embtune_api.status import Attempt
from embtune_operator.cluster import Child, child_name
from embtune_operator.pipeline.attempts import bounded, next_number
from embtune_operator.pipeline.conditions import condition, condition_of
from embtune_operator.pipeline.decision import Decision
from embtune_operator.pipeline.ending import fail, finished_before
from embtune_operator.pipeline.retries import failures_of, final_failure, pause
from embtune_operator.pipeline.situation import situation_of
from embtune_operator.pipeline.status import PHASES, status_of, working_status
from embtune_operator.pipeline.suspension import stand_still
from embtune_operator.pipeline.told import told
from embtune_operator.pipeline.trials import drop_out, next_of_candidates
from embtune_operator.pipeline.wishes import too_late
from embtune_operator.registry.release import JobPromotion

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.replayed import Replayed
    from embtune_api.resources import FineTuneJob
    from embtune_operator.pipeline.observe import Seen
    from embtune_operator.pipeline.plan import Plan, PlannedStep
    from embtune_operator.pipeline.situation import Situation


def decide(plan: Plan, seen: Seen, now: datetime) -> Decision:
    """The next move, with what is told of it."""
    case = situation_of(plan, seen, now)
    decision = _next_move(case)
    return told(_until_the_deadline(decision, case))


def _next_move(case: Situation) -> Decision:
    """The next move.

    - a job that has a result is finished
    - one that needs pods beyond its deadline has failed
    - one that is suspended stands still, unless it has gone to production already
    - what it replays is kept in the store before anything is made of it
    - of several candidates one is picked, and the pick kept in the store, before it is examined
    - a verdict is kept in the store before anything follows from it
    - a step that is not done is launched, watched, tried again or given up
    - a version that was judged again after it had been published is told so
    - a passed verdict goes to production, if the policy says so, what is made of its vectors fits, and nobody holds it; the job
      is finished when it is there
    """
    plan = case.plan
    resolved = plan.resolved
    if resolved.result:
        return finished_before(plan.job, resolved.result.status, case.answer)
    if plan.current and (due := deadline(plan.job)) and case.now >= due:
        allowed = plan.job.spec.runtime.deadline_seconds
        return fail(case, "DeadlineExceeded", f"{plan.current.name} was not done within runtime.deadlineSeconds {allowed}")
    if case.suspended_by and not resolved.promoted:
        return stand_still(case, case.suspended_by)
    if resolved.to_replay and not resolved.replayed:
        return _keep_replay(case, resolved.to_replay)
    if candidates := next_of_candidates(case):
        return candidates
    if resolved.verdict and not resolved.judgement:
        return _keep_verdict(case)
    if plan.current:
        return _work_on(plan.current, case)
    if resolved.last_judgement and resolved.last_judgement.evaluation != resolved.judged_evaluation:
        return _keep_rejudgement(case, resolved.last_judgement.again + 1)
    if _wants_promotion(case) and not resolved.promoted:
        return _promote(case)
    return _finish(case)


def deadline(job: FineTuneJob) -> datetime | None:
    """When the job is to be done with its pods."""
    status, allowed = job.status, job.spec.runtime.deadline_seconds
    if status is None or status.started_at is None or allowed is None:
        return None
    return status.started_at + timedelta(seconds=allowed)


def _until_the_deadline(decision: Decision, case: Situation) -> Decision:
    """The decision with a look at the deadline, if that comes before the next one."""
    due = deadline(decision.job.model_copy(update={"status": decision.status}))
    if due is None or decision.ends or case.plan.current is None:
        return decision
    left = max(0.0, (due - case.now).total_seconds())
    return replace(decision, requeue_after=left if decision.requeue_after is None else min(left, decision.requeue_after))


def _keep_replay(case: Situation, found: Replayed) -> Decision:
    return Decision(case.job, status_of(case, "Preparing"), replayed=found, replayed_key=case.plan.keys.replay, requeue_after=0)


def _keep_verdict(case: Situation) -> Decision:
    evaluate = case.plan.step("evaluate")
    assert evaluate
    assert case.plan.resolved.verdict
    status = status_of(case, "Evaluating")
    judgement = Judgement(verdict=case.plan.resolved.verdict, bounds=case.plan.resolved.bounds, at=case.now)
    return Decision(case.job, status, judgement=judgement, judgement_key=evaluate.keys.verdict, requeue_after=0)


def _keep_rejudgement(case: Situation, number: int) -> Decision:
    version = case.plan.resolved.version
    assert version
    rejudgement = Rejudgement(evaluation=case.plan.resolved.judged_evaluation, at=case.now)
    key = case.plan.line.version(version.version).verdict(number)
    status = status_of(case, "Publishing")
    return Decision(case.job, status, rejudgement=rejudgement, rejudgement_key=key, requeue_after=0)


def _work_on(step: PlannedStep, case: Situation) -> Decision:
    job, settings = case.job, case.plan.settings
    waiting = Decision(
        job, working_status(case, step), go_on_key=_go_on(step, case), delete=case.stale, requeue_after=settings.poll_seconds
    )
    if case.seen.current_is_done:
        return replace(waiting, requeue_after=0)
    if case.at_work_on(step):
        return waiting
    failures = failures_of(case.attempts, step)
    if final := final_failure(step, failures, job, settings):
        if candidate := case.plan.candidate_of(step):
            return drop_out(case, candidate, failures, *final)
        return fail(case, *final, last_failure_is_final=True)
    if wait := pause(failures, settings, case.now):
        return replace(waiting, requeue_after=wait)
    return _launch(step, case, waiting)


def _launch(step: PlannedStep, case: Situation, waiting: Decision) -> Decision:
    """The next attempt; it is remembered from now on, whatever becomes of its child."""
    number = next_number(case.attempts, step.name)
    child = Child(child_name(case.job.metadata.uid, step.name, number), number, step.request)
    attempt = Attempt(step=step.name, number=number, digest=step.digest[:SHORT], state="Queued", launched_at=case.now)
    case = replace(case, attempts=bounded([*case.attempts, attempt]))
    started = waiting.status.started_at or case.now
    go_on = step.keys.control if step.name == "train" and number > 1 else ""
    return replace(waiting, status=status_of(case, PHASES[step.name], started_at=started), create=(child,), go_on_key=go_on)


def _go_on(step: PlannedStep, case: Situation) -> str:
    """Where a training was asked to stop, if the job has been suspended until now."""
    return step.keys.control if step.name == "train" and condition_of(case.job.status, "Suspended") else ""


def _wants_promotion(case: Situation) -> bool:
    verdict = case.plan.resolved.verdict
    passed = verdict is not None and verdict.outcome == "Passed"
    promotion = case.job.spec.promotion
    fits = promotion.on_reindex == "Promote" or not case.plan.resolved.reindex
    return passed and promotion.policy == "Automatic" and fits and case.seen.hold is None


def _promote(case: Situation) -> Decision:
    version, champion = case.plan.resolved.version, case.plan.resolved.champion
    assert version
    wish = JobPromotion(case.job.metadata.uid, version, champion.ref if champion else None)
    return Decision(case.job, status_of(case, "Publishing"), promotion=wish, requeue_after=0)


def _finish(case: Situation) -> Decision:
    verdict, version = case.plan.resolved.verdict, case.plan.resolved.version
    assert verdict
    assert version
    message = f"{case.job.spec.model} v{version.version} is published: {verdict.outcome}, {verdict.reason}"
    complete = condition("Complete", verdict.outcome, message, case.now)
    status = status_of(case, "Succeeded", complete, finished_at=case.now, last_request=too_late(case.answer))
    return Decision(
        case.job,
        status,
        finished_promotion=case.plan.resolved.promoted is not None,
        version=status.model_version,
        result=JobResult(status=status),
        ends=True,
    )
