"""The status of a job, from what is resolved and seen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from embtune_api.status import (
    Attempt,
    Condition,
    EvaluationStatus,
    FineTuneJobStatus,
    ModelVersionStatus,
    Phase,
    StepName,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from embtune_operator.cluster import ChildState
    from embtune_operator.pipeline.observe import Seen
    from embtune_operator.pipeline.plan import Plan
    from embtune_operator.pipeline.resolved import Resolved

ConditionType = Literal["Complete", "Failed", "DataReady", "Judged", "Promoted"]
PHASES: dict[StepName, Phase] = {"prepare": "Preparing", "train": "Training", "evaluate": "Evaluating", "publish": "Publishing"}
_ORDER: tuple[StepName, ...] = tuple(PHASES)
_LONGEST = 2048


def status_of(plan: Plan, seen: Seen, now: datetime, phase: Phase, *conditions: Condition) -> FineTuneJobStatus:
    """The whole status; `conditions` come on top of those that follow from the finished steps."""
    resolved = plan.resolved
    metrics = resolved.evaluation.metrics if resolved.evaluation else {}
    earned = [*_data_ready(resolved, now), *_judged(resolved, now), *_promoted(plan, now), *conditions]
    return FineTuneJobStatus(
        phase=phase,
        conditions=_with_their_times(earned, plan.job.status),
        progress=seen.progress,
        attempts=[_attempt(child) for child in sorted(seen.children, key=lambda c: (_ORDER.index(c.step), c.attempt))],
        evaluation=EvaluationStatus.model_validate(metrics) if metrics else None,
        verdict=resolved.verdict,
        model_version=_model_version(plan),
    )


def given_up(
    known: FineTuneJobStatus | None, before: FineTuneJobStatus | None, reason: str, message: str, now: datetime
) -> FineTuneJobStatus:
    """What is known, with the reason why nothing more will be tried."""
    status = known or FineTuneJobStatus()
    kept = [condition for condition in status.conditions if condition.type != "Failed"]
    conditions = _with_their_times([*kept, condition("Failed", reason, message, now)], before)
    return status.model_copy(update={"phase": "Failed", "progress": None, "conditions": conditions})


def condition(kind: ConditionType, reason: str, message: str, now: datetime, *, true: bool = True) -> Condition:
    text = message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"
    return Condition(type=kind, status="True" if true else "False", reason=reason, message=text, last_transition_time=now)


def find(conditions: Iterable[Condition], kind: ConditionType) -> Condition | None:
    return next((found for found in conditions if found.type == kind), None)


def _data_ready(resolved: Resolved, now: datetime) -> list[Condition]:
    if resolved.prepared is None:
        return []
    facts, report = resolved.prepare_facts, resolved.data_report
    read = f"{report.rows_read:,} rows read, " if report else ""
    message = (
        f"{read}{facts.train_rows:,} to train on, {facts.validation_rows:,} for validation, {facts.exam_queries:,} exam queries"
    )
    warnings = [finding.message for finding in report.findings if finding.check == "exam"] if report else []
    return [condition("DataReady", "Prepared", "; ".join([message, *warnings]), now)]


def _judged(resolved: Resolved, now: datetime) -> list[Condition]:
    verdict = resolved.verdict
    return [condition("Judged", verdict.outcome, verdict.reason, now)] if verdict else []


def _promoted(plan: Plan, now: datetime) -> list[Condition]:
    """Present once it is known whether the version goes to production."""
    resolved, version = plan.resolved, plan.resolved.version
    if version is None or resolved.verdict is None:
        return []
    name = f"{plan.job.spec.model} v{version.version}"
    if resolved.promoted:
        return [condition("Promoted", "InProduction", f"{name} went to production", resolved.promoted.transition.at)]
    if resolved.verdict.outcome != "Passed":
        return [condition("Promoted", resolved.verdict.outcome, f"{name} is kept; production is unchanged", now, true=False)]
    policy = plan.job.spec.promotion.policy
    if policy != "Automatic":
        message = f"{name} passed; promotion.policy {policy} leaves production unchanged"
        return [condition("Promoted", f"Policy{policy}", message, now, true=False)]
    return []


def _model_version(plan: Plan) -> ModelVersionStatus | None:
    version, stage = plan.resolved.version, plan.resolved.stage
    if version is None or stage is None:
        return None
    name = f"{plan.job.spec.model}-v{version.version}"
    return ModelVersionStatus(name=name, version=version.version, digest=version.digest, stage=stage)


def _attempt(child: ChildState) -> Attempt:
    return Attempt(
        step=child.step,
        number=child.attempt,
        state=child.state,
        message=child.message[:_LONGEST],
        started_at=child.started_at,
        finished_at=child.finished_at,
    )


def _with_their_times(conditions: list[Condition], before: FineTuneJobStatus | None) -> list[Condition]:
    """A condition that was there already keeps the time at which it came."""
    known = {(c.type, c.status): c.last_transition_time for c in before.conditions} if before else {}
    return [
        c.model_copy(update={"last_transition_time": known.get((c.type, c.status), c.last_transition_time)}) for c in conditions
    ]
