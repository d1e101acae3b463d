"""One sentence on a training, and the causes behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.base import Document
from embtune_api.diagnosis import Measured
from embtune_operator.diagnose.causes import Case, Cause, causes_of

if TYPE_CHECKING:
    from embtune_api.reports import DataReport
    from embtune_api.training import Training


class Diagnosis(Document):
    """What `embtune run --diagnose` says."""

    healthy: bool
    verdict: str
    causes: list[Cause]
    """The likeliest first; where all is well, what is worth knowing."""
    learning_rate: float
    """The job's."""
    measured: Measured


def diagnose(measured: Measured, recipe: Training, report: DataReport | None) -> Diagnosis:
    """
    Args:
        recipe: every value explicit.
        report: of the job's data.
    """
    case = Case(measured, recipe, report)
    causes = causes_of(case)
    wrong = [cause for cause in causes if cause.wrong]
    return Diagnosis(
        healthy=not wrong,
        verdict=_wrong(wrong[0], len(wrong)) if wrong else _healthy(case),
        causes=causes,
        learning_rate=case.rate,
        measured=measured,
    )


def _healthy(case: Case) -> str:
    one, run = case.seen.one_batch, case.seen.run
    return (
        f"Healthy: one batch is learnt by heart ({one.learnt:.0%} of what there is), and in {run.steps} steps at a rate of "
        f"{case.rate:.1e} the loss of rows that were not trained on fell by {run.unseen.fell:.1%}."
    )


def _wrong(first: Cause, count: int) -> str:
    more = f", the first of {count} causes" if count > 1 else ""
    return f"Something is wrong: most likely {first.name}{more}."
