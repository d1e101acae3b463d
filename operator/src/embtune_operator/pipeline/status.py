"""The status of a job, from its situation."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from embtune_api.status import EvaluationStatus, FineTuneJobStatus, ModelVersionStatus, Phase, Progress, StepName
from embtune_operator.pipeline.attempts import of_step
from embtune_operator.pipeline.conditions import condition, reindex_required, with_their_times
from embtune_operator.pipeline.retries import failures_of, retried
from embtune_operator.pipeline.score import score_of
from embtune_operator.pipeline.trial import shown

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.status import CandidateStatus, Condition
    from embtune_operator.pipeline.plan import Plan, PlannedStep
    from embtune_operator.pipeline.resolved import Resolved
    from embtune_operator.pipeline.situation import Situation

PHASES: dict[StepName, Phase] = {"prepare": "Preparing", "train": "Training", "evaluate": "Evaluating", "publish": "Publishing"}
_QUEUED_AFTER = timedelta(seconds=10)
"""A pod that starts within this time has not been waiting for anything worth telling."""


def status_of(
    case: Situation, phase: Phase, *conditions: Condition, last_failure_is_final: bool = False, **fields: Any
) -> FineTuneJobStatus:
    """The whole status.

    Args:
        conditions: on top of those that follow from the finished steps and the attempts.
        last_failure_is_final: the newest failed attempt is not going to be repeated.
        fields: instead of what follows from the situation.
    """
    resolved, before = case.plan.resolved, case.job.status
    metrics = resolved.evaluation.metrics if resolved.evaluation else {}
    earned = [
        *_data_ready(resolved, case.now),
        *_picked(resolved),
        *_trained(resolved, case.now),
        *_judged(resolved, case.now),
        *_promoted(case),
        *_reindex(resolved, case.now),
        *_retried(case, last_failure_is_final),
    ]
    facts: dict[str, Any] = {
        "observed_generation": case.job.metadata.generation,
        "phase": phase,
        "score": score_of(case.job.spec, metrics.get("candidate", {})),
        "conditions": with_their_times([*earned, *conditions], before),
        "progress": _progress(case),
        "attempts": list(case.attempts),
        "candidates": _candidates(case),
        "evaluation": EvaluationStatus.model_validate(metrics) if metrics else None,
        "verdict": resolved.verdict,
        "model_version": _model_version(case.plan),
        "launch": case.seen.launch,
        "last_request": case.answer,
        "started_at": before.started_at if before else None,
    }
    return FineTuneJobStatus.model_validate(facts | fields)


def working_status(case: Situation, step: PlannedStep) -> FineTuneJobStatus:
    """That of a job whose step is at work, or waits for room to work in."""
    waiting = case.waiting(step)
    if waiting and waiting.launched_at and case.now - waiting.launched_at >= _QUEUED_AFTER:
        return status_of(case, "Queued", progress=Progress(message=waiting.message[:256]))
    return status_of(case, PHASES[step.name])


def _data_ready(resolved: Resolved, now: datetime) -> list[Condition]:
    if resolved.prepared is None:
        return []
    facts, report = resolved.prepare_facts, resolved.data_report
    read = f"{report.rows_read:,} rows read, " if report else ""
    made = f" ({facts.augmented_rows:,} made by augmentation)" if facts.augmented_rows else ""
    message = (
        f"{read}{facts.train_rows:,} {facts.shape} to train on{made}, {facts.validation_rows:,} for validation, "
        f"{facts.exam_queries:,} exam queries"
    )
    warnings = [finding.message for finding in report.findings if finding.check == "exam"] if report else []
    return [condition("DataReady", "Prepared", "; ".join([message, *_replay(resolved), *warnings]), now)]


def _replay(resolved: Resolved) -> list[str]:
    report = resolved.data_report.replay if resolved.data_report else None
    if report is None or resolved.replayed is None:
        return []
    if why := resolved.replayed.why_nothing:
        return [f"nothing is replayed: {why}"]
    fewer = "" if report.replayed == report.wanted else f", fewer than the {report.wanted:,} asked for"
    return [f"{report.replayed:,} of the rows to train on are replayed from {report.source}{fewer}"]


def _progress(case: Situation) -> Progress | None:
    """Of the step at work; where it trains one of several candidates, with its name."""
    progress, current = case.seen.progress, case.plan.current
    candidate = case.plan.candidate_of(current) if current else None
    if progress is None or candidate is None:
        return progress
    name = candidate.candidate.name
    return progress.model_copy(update={"message": f"{name}: {progress.message}" if progress.message else name})


def _candidates(case: Situation) -> list[CandidateStatus]:
    plan, resolved = case.plan, case.plan.resolved
    current = plan.current
    at_work = plan.candidate_of(current) if current and of_step(case.attempts, current) else None
    ranking = resolved.pick.ranking if resolved.pick else None
    return shown(case.job.spec.candidates or [], resolved.tried, at_work.candidate.name if at_work else None, ranking)


def _picked(resolved: Resolved) -> list[Condition]:
    pick = resolved.pick
    return [condition("Picked", pick.ranking.reason, pick.ranking.line, pick.at)] if pick else []


def _trained(resolved: Resolved, now: datetime) -> list[Condition]:
    """What a person should know about it comes first in its reason, and whole in its message."""
    if resolved.trained is None:
        return []
    facts = resolved.train_facts
    weights = f"; the weights are those of step {facts.best_step}, the best on the validation rows" if facts.best_step else ""
    total = f"{facts.total_steps:,} step{'s' * (facts.total_steps != 1)}"
    steps = f"{facts.stopped_at:,} of {total}" if facts.stopped_at else total
    message = f"{steps} in {facts.seconds:,.0f} s{weights}"
    return [condition("Trained", "Findings" if facts.findings else "Sound", "; ".join([message, *facts.findings]), now)]


def _judged(resolved: Resolved, now: datetime) -> list[Condition]:
    verdict = resolved.verdict
    return [condition("Judged", verdict.outcome, verdict.reason, now)] if verdict else []


def _promoted(case: Situation) -> list[Condition]:
    """Present once it is known whether the version goes to production."""
    resolved, version, now = case.plan.resolved, case.plan.resolved.version, case.now
    if version is None or resolved.verdict is None:
        return []
    name = f"{case.job.spec.model} v{version.version}"
    if resolved.promoted:
        return [condition("Promoted", "InProduction", f"{name} went to production", resolved.promoted.transition.at)]
    if resolved.verdict.outcome != "Passed":
        return [condition("Promoted", resolved.verdict.outcome, f"{name} is kept; production is unchanged", now, true=False)]
    policy = case.job.spec.promotion.policy
    if policy != "Automatic":
        message = f"{name} passed; promotion.policy {policy} leaves production unchanged"
        return [condition("Promoted", f"Policy{policy}", message, now, true=False)]
    if resolved.reindex and case.job.spec.promotion.on_reindex == "Hold":
        message = (
            f"{name} passed; promotion.onReindex Hold leaves production unchanged, since its embeddings differ in kind "
            f"({'; '.join(resolved.reindex)}): build its index, then promote it"
        )
        return [condition("Promoted", "ReindexRequired", message, now, true=False)]
    if case.seen.hold:
        message = f"{name} passed; production is unchanged: {case.seen.hold.reason}"
        return [condition("Promoted", "Held", message, now, true=False)]
    return []


def _reindex(resolved: Resolved, now: datetime) -> list[Condition]:
    if not resolved.reindex or resolved.champion is None:
        return []
    return [reindex_required(resolved.champion.ref.version, resolved.reindex, now)]


def _retried(case: Situation, last_is_final: bool) -> list[Condition]:
    failures = [attempt for step in case.plan.steps for attempt in failures_of(case.attempts, step)]
    return retried(failures[:-1] if last_is_final else failures, case.job, case.plan.settings, case.now)


def _model_version(plan: Plan) -> ModelVersionStatus | None:
    version, stage = plan.resolved.version, plan.resolved.stage
    if version is None or stage is None:
        return None
    name = f"{plan.job.spec.model}-v{version.version}"
    return ModelVersionStatus(name=name, version=version.version, digest=version.digest, stage=stage)
