"""A decision: what is to be done now, and what the job's status is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embtune_api.documents.evaluate import Judgement
    from embtune_api.documents.job import JobResult
    from embtune_api.documents.publish import Rejudgement
    from embtune_api.ranking import CandidateEnd, Pick
    from embtune_api.replayed import Replayed
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import FineTuneJobStatus, ModelVersionStatus
    from embtune_operator.cluster import Child, Event
    from embtune_operator.registry.release import JobPromotion


@dataclass(frozen=True)
class Decision:
    """What `apply` does, in the order of the fields."""

    job: FineTuneJob
    status: FineTuneJobStatus
    """The whole new status; written last."""
    replayed: Replayed | None = None
    """To be kept with the job, which has not begun."""
    replayed_key: str = ""
    judgement: Judgement | None = None
    """To be kept beside the evaluation that it judges."""
    judgement_key: str = ""
    rejudgement: Rejudgement | None = None
    """To be kept beside the version, which was published with another verdict."""
    rejudgement_key: str = ""
    candidate_end: CandidateEnd | None = None
    """To be kept with the job: why a candidate takes no part in the ranking."""
    candidate_key: str = ""
    pick: Pick | None = None
    """To be kept with the job: the candidate that goes on."""
    pick_key: str = ""
    forget: tuple[str, ...] = ()
    """Documents that hold no longer, by their keys."""
    stop_key: str = ""
    """Where the running training is asked to save a checkpoint and stop."""
    go_on_key: str = ""
    """Where that is taken back."""
    promotion: JobPromotion | None = None
    finished_promotion: bool = False
    """The release has been swapped: see to it that its history is complete."""
    version: ModelVersionStatus | None = None
    """The job is about to finish: its version gets its resource."""
    result: JobResult | None = None
    """Nothing is left to do, for good."""
    delete: tuple[str, ...] = ()
    ends: bool = False
    """The job ends: whatever still runs of it is deleted."""
    cleans: bool = False
    """All its children and its scratch objects are removed."""
    create: tuple[Child, ...] = ()
    events: tuple[Event, ...] = ()
    requeue_after: float | None = None
    """Seconds until the next look; None: nothing more will happen by itself."""

    @property
    def moves_the_store(self) -> bool:
        """Whether something is to be written or swapped there before anything else."""
        documents = self.replayed or self.candidate_end or self.pick or self.judgement or self.rejudgement
        return bool(documents or self.forget or self.stop_key or self.go_on_key or self.promotion or self.finished_promotion)
