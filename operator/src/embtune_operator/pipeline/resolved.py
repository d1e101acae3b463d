"""Resolved: what a job's mutable inputs turned out to be, and what its finished steps said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embtune_api.documents.evaluate import EvaluateFacts
from embtune_api.documents.prepare import PrepareFacts
from embtune_api.documents.publish import PublishedEvaluation, PublishFacts
from embtune_api.documents.train import TrainFacts

if TYPE_CHECKING:
    from embtune_api.candidates import Candidate
    from embtune_api.documents.evaluate import Judgement, RoleBounds
    from embtune_api.documents.files import StepManifest, StoredModel
    from embtune_api.documents.job import JobResult
    from embtune_api.documents.publish import VersionRef
    from embtune_api.documents.release import Release
    from embtune_api.ranking import Pick, Ranking
    from embtune_api.replayed import Replayed
    from embtune_api.reports import DataReport, EvaluationReport
    from embtune_api.status import Stage
    from embtune_api.verdict import Verdict
    from embtune_operator.pipeline.trial import Tried
    from embtune_operator.registry.judgements import LastJudgement


@dataclass(frozen=True)
class Champion:
    """The version that the candidate has to beat."""

    ref: VersionRef
    model: StoredModel


@dataclass(frozen=True)
class Resolved:
    """Everything is None until it is known."""

    result: JobResult | None = None
    """The job is finished for good."""
    to_replay: Replayed | None = None
    """What data.replay means, where the job asks for it."""
    replayed: Replayed | None = None
    """The same as it is kept in the store; whatever follows is made of this one."""
    prepared: StepManifest | None = None
    data_report: DataReport | None = None
    tried: tuple[Tried, ...] = ()
    """The job's candidates, in its order; none: it has none, or its data is not prepared."""
    ranking: Ranking | None = None
    """Of those that were trained, once none is left to be."""
    pick: Pick | None = None
    """The ranking as it is kept in the store; whatever follows is made of this one."""
    trained: StepManifest | None = None
    """Of the candidate that was picked, where the job has several."""
    published: StepManifest | None = None
    promoted: Release | None = None
    """The release that brought this job's version into production."""
    champion: Champion | None = None
    """As judged: what is in production, or was before this job's own version was promoted."""
    evaluated: StepManifest | None = None
    evaluation: EvaluationReport | None = None
    verdict: Verdict | None = None
    bounds: RoleBounds = field(default_factory=dict)
    """Of what each role scored in that evaluation."""
    judgement: Judgement | None = None
    """The verdict as it is kept in the store; whatever follows is made of this one."""
    last_judgement: LastJudgement | None = None
    """What is said about this job's version."""
    stage: Stage | None = None
    """Of this job's version."""
    reindex: tuple[str, ...] = ()
    """How this job's version differs in kind from the champion, so that nothing made for the one fits the other."""

    @property
    def prepare_facts(self) -> PrepareFacts:
        return PrepareFacts.model_validate(self._facts(self.prepared))

    @property
    def train_facts(self) -> TrainFacts:
        return TrainFacts.model_validate(self._facts(self.trained))

    @property
    def evaluate_facts(self) -> EvaluateFacts:
        return EvaluateFacts.model_validate(self._facts(self.evaluated))

    @property
    def picked(self) -> Candidate | None:
        """None: the job has no candidates, or they are not ranked yet."""
        name = self.pick.ranking.picked if self.pick else None
        return next((one.candidate for one in self.tried if one.candidate.name == name), None)

    @property
    def version(self) -> VersionRef | None:
        """This job's version, once it is published."""
        return PublishFacts.model_validate(self.published.facts).version if self.published else None

    @property
    def judged_evaluation(self) -> PublishedEvaluation:
        """The evaluation against the champion of now, as a version tells it."""
        assert self.evaluation is not None, "asked for an evaluation that is not done"
        assert self.verdict is not None
        champion = self.champion.ref.version if self.champion else None
        return PublishedEvaluation.of(self.evaluation, self.train_facts.model.digest, champion, self.verdict, self.bounds)

    @staticmethod
    def _facts(manifest: StepManifest | None) -> dict[str, object]:
        assert manifest is not None, "asked for the facts of a step that is not done"
        return manifest.facts
