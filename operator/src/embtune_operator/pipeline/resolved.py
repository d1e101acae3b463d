"""Resolved: what a job's mutable inputs turned out to be, and what its finished steps said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.documents import EvaluateFacts, PrepareFacts, PublishFacts, TrainFacts

if TYPE_CHECKING:
    from embtune_api.documents import JobResult, Judgement, Release, StepManifest, StoredModel, VersionRef
    from embtune_api.reports import DataReport, EvaluationReport
    from embtune_api.status import Stage
    from embtune_api.verdict import Verdict


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
    prepared: StepManifest | None = None
    data_report: DataReport | None = None
    trained: StepManifest | None = None
    published: StepManifest | None = None
    promoted: Release | None = None
    """The release that brought this job's version into production."""
    champion: Champion | None = None
    """As judged: what is in production, or was before this job's own version was promoted."""
    evaluated: StepManifest | None = None
    evaluation: EvaluationReport | None = None
    verdict: Verdict | None = None
    judgement: Judgement | None = None
    """The verdict as it is kept in the store; whatever follows is made of this one."""
    stage: Stage | None = None
    """Of this job's version."""

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
    def version(self) -> VersionRef | None:
        """This job's version, once it is published."""
        return PublishFacts.model_validate(self.published.facts).version if self.published else None

    @staticmethod
    def _facts(manifest: StepManifest | None) -> dict[str, object]:
        assert manifest is not None, "asked for the facts of a step that is not done"
        return manifest.facts
