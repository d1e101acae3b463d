"""The candidates of a job: how far each has come, and what is done next about them.

They are trained one after the other by the step `train`, each under a digest of its own. One that cannot be trained drops out,
and one whose turn comes when the budget is spent is skipped: the store keeps both, since the status remembers the newest attempts
alone. Once none is left to be trained, they are ranked, and the pick is kept: whatever follows is made of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from embtune_api.ranking import CandidateEnd, Pick
from embtune_operator.pipeline.attempts import of_step
from embtune_operator.pipeline.decision import Decision
from embtune_operator.pipeline.ending import fail
from embtune_operator.pipeline.status import status_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from embtune_api.status import Attempt
    from embtune_operator.pipeline.situation import Situation
    from embtune_operator.pipeline.trial import Tried

    End = Literal["Failed", "Skipped"]


def next_of_candidates(case: Situation) -> Decision | None:
    """What is to be done about them besides training one; None: nothing.

    - a recipe that the prepared data refuses drops out
    - once the budget is spent, and one is trained, those that have not begun are skipped
    - when none is left to be trained, the ranking is kept; if none was trained at all, the job has failed
    """
    plan, resolved = case.plan, case.plan.resolved
    if not resolved.tried or resolved.pick:
        return None
    if wrong := next((one for one in resolved.tried if one.wrong and not one.end), None):
        return _keep_end(case, wrong, "Failed", "InvalidInput", wrong.wrong)
    current = plan.current
    following = plan.candidate_of(current) if current else None
    if following and current and not of_step(case.attempts, current) and (spent := _spent_budget(case)):
        return _keep_end(case, following, "Skipped", "BudgetSpent", spent)
    if resolved.ranking:
        pick = Pick(ranking=resolved.ranking, at=case.now)
        return Decision(case.job, status_of(case, "Training"), pick=pick, pick_key=plan.keys.pick, requeue_after=0)
    if all(one.end for one in resolved.tried):
        return _none_is_left(case, resolved.tried)
    return None


def drop_out(case: Situation, tried: Tried, failures: Sequence[Attempt], reason: str, message: str) -> Decision:
    """It has failed for good; the others go on."""
    times = [(a.finished_at - a.started_at).total_seconds() for a in failures if a.started_at and a.finished_at]
    return _keep_end(case, tried, "Failed", reason, message, sum(times))


def _keep_end(case: Situation, tried: Tried, outcome: End, reason: str, message: str, seconds: float = 0) -> Decision:
    end = CandidateEnd(outcome=outcome, reason=reason, message=message, seconds=seconds)
    key = case.plan.keys.candidate(tried.candidate.name)
    return Decision(
        case.job, status_of(case, "Training"), candidate_end=end, candidate_key=key, delete=case.stale, requeue_after=0
    )


def _spent_budget(case: Situation) -> str:
    """What is said of it; empty: there is time left, or nothing to rank yet."""
    allowed, tried = case.job.spec.runtime.candidates_seconds, case.plan.resolved.tried
    spent = sum(one.trained.seconds if one.trained else one.end.seconds if one.end else 0 for one in tried)
    if allowed is None or spent < allowed or not any(one.trained for one in tried):
        return ""
    return f"the trainings before it took {spent:,.0f} s of the {allowed:,} s that runtime.candidatesSeconds allows"


def _none_is_left(case: Situation, tried: Sequence[Tried]) -> Decision:
    """A next run of the same job, where somebody has cured what was wrong, tries them all again."""
    ends = [(one.candidate.name, one.end) for one in tried if one.end]
    reasons = {end.reason for _, end in ends}
    reason = reasons.pop() if len(reasons) == 1 else "NoCandidate"
    told = "; ".join(f"{name}: {end.message}" for name, end in ends)
    failed = fail(case, reason, f"none of the {len(ends)} candidates could be trained: {told}", last_failure_is_final=True)
    return replace(failed, forget=tuple(case.plan.keys.candidate(name) for name, _ in ends))
