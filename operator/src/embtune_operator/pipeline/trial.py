"""One candidate of a job, as far as it has come, and what the status shows of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.documents.train import TrainFacts
from embtune_api.metrics import split_metric
from embtune_api.status import CandidateStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.candidates import Candidate
    from embtune_api.documents.files import StepManifest
    from embtune_api.documents.train import Trial
    from embtune_api.ranking import CandidateEnd, Ranking


@dataclass(frozen=True)
class Tried:
    candidate: Candidate
    wrong: str = ""
    """Why it cannot be trained on the prepared rows."""
    end: CandidateEnd | None = None
    """It takes no part in the ranking, as it is kept in the store."""
    trained: StepManifest | None = None

    @property
    def is_settled(self) -> bool:
        return bool(self.trained or self.end)

    @property
    def trial(self) -> Trial:
        assert self.trained, "asked for what a candidate scored that is not trained"
        trial = TrainFacts.model_validate(self.trained.facts).trial
        assert trial, "a candidate is asked when it has been trained"
        return trial


def shown(
    candidates: Sequence[Candidate], tried: Sequence[Tried], at_work: str | None, ranking: Ranking | None
) -> list[CandidateStatus]:
    """In the order of the job.

    Args:
        at_work: the name of the one that is being trained.
    """
    known = {one.candidate.name: one for one in tried}
    return [_shown(one.name, known.get(one.name), one.name == at_work, ranking) for one in candidates]


def _shown(name: str, tried: Tried | None, at_work: bool, ranking: Ranking | None) -> CandidateStatus:
    if tried and tried.end:
        return CandidateStatus(name=name, phase=tried.end.outcome, message=tried.end.message)
    if tried is None or tried.trained is None:
        return CandidateStatus(name=name, phase="Training" if at_work else "Waiting")
    trial = tried.trial
    ranked = next((one for one in ranking.candidates if one.name == name), None) if ranking else None
    return CandidateStatus(
        name=name,
        phase="Trained",
        picked=ranking is not None and ranking.picked == name,
        score=f"{split_metric(trial.metric)[1]} {ranked.score if ranked else trial.score:.3f}",
        lower=ranked.lower if ranked else None,
        upper=ranked.upper if ranked else None,
        behind=ranked.behind if ranked else None,
        parameters=trial.parameters,
        dimension=trial.dimension,
        size=trial.size,
        texts_a_second=trial.texts_a_second,
    )
