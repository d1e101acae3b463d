"""The plan of a job: its steps as far as their inputs are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api import presets
from embtune_api.keys import LineKeys
from embtune_api.requests import TrainRequest
from embtune_operator.pipeline.step_requests import (
    evaluate_request,
    job_keys,
    prepare_request,
    publish_request,
    train_request,
)

if TYPE_CHECKING:
    from embtune_api.candidates import Candidate
    from embtune_api.documents.files import StepManifest
    from embtune_api.documents.prepare import PrepareFacts
    from embtune_api.keys import JobKeys, StepKeys
    from embtune_api.requests import EvaluateRequest, PrepareRequest, PublishRequest
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import StepName
    from embtune_operator.pipeline.resolved import Resolved
    from embtune_operator.pipeline.trial import Tried
    from embtune_operator.settings import Settings


@dataclass(frozen=True)
class PlannedStep:
    request: PrepareRequest | TrainRequest | EvaluateRequest | PublishRequest
    done: StepManifest | None = None
    """None: its output is still missing."""

    @property
    def name(self) -> StepName:
        return self.request.step

    @property
    def digest(self) -> str:
        return self.request.digest

    @property
    def keys(self) -> StepKeys:
        return self.request.job_keys.step(self.name, self.digest)


@dataclass(frozen=True)
class Plan:
    job: FineTuneJob
    resolved: Resolved
    settings: Settings
    steps: tuple[PlannedStep, ...]
    """In order; a step whose inputs are not known yet is missing."""

    def step(self, name: StepName) -> PlannedStep | None:
        return next((step for step in self.steps if step.name == name), None)

    @property
    def current(self) -> PlannedStep | None:
        """The first step that is not done; None when the next thing to do is no step."""
        return next((step for step in self.steps if step.done is None), None)

    def candidate_of(self, step: PlannedStep) -> Tried | None:
        """Whose training the step is; None: the job has no candidates, or it is another step."""
        name = step.request.candidate if isinstance(step.request, TrainRequest) else None
        return next((one for one in self.resolved.tried if one.candidate.name == name), None)

    @property
    def line(self) -> LineKeys:
        return LineKeys(self.job.metadata.namespace, self.job.spec.model)

    @property
    def keys(self) -> JobKeys:
        return job_keys(self.job)


def make_plan(job: FineTuneJob, resolved: Resolved, settings: Settings) -> Plan:
    """Every step whose inputs are known.

    Raises:
        InvalidInput: the recipe, or a suite, does not fit the rows that were prepared.
    """
    steps: list[PlannedStep] = []
    if resolved.replayed or job.spec.data.replay is None:
        steps.append(PlannedStep(prepare_request(job, resolved, settings), resolved.prepared))
    if resolved.prepared:  # before anything is trained
        presets.refuse_other_exam(job.spec.evaluation.suites, resolved.prepare_facts.exam_shape)
        _refuse_longer_vectors(job, resolved.prepare_facts)
        steps += _trainings(job, resolved, settings)
    if resolved.prepared and resolved.trained:
        steps.append(PlannedStep(evaluate_request(job, resolved, settings), resolved.evaluated))
    if resolved.evaluated and resolved.judgement:
        steps.append(PlannedStep(publish_request(job, resolved, resolved.judgement, settings), resolved.published))
    return Plan(job, resolved, settings, tuple(steps))


def _refuse_longer_vectors(job: FineTuneJob, facts: PrepareFacts) -> None:
    """Raises InvalidInput: a suite keeps more numbers of each vector than some model that is trained has."""
    bases = {"baseModel": facts.base, **{f"candidate {name}": base for name, base in facts.bases.items()}}
    for whose, base in bases.items():
        presets.refuse_longer_vectors(job.spec.evaluation.suites, base.dimension, whose)


def _trainings(job: FineTuneJob, resolved: Resolved, settings: Settings) -> list[PlannedStep]:
    """The training; of several candidates those that are done, and the next one. Once one is picked, nobody misses the others."""
    if not job.spec.candidates:
        return [PlannedStep(train_request(job, resolved, settings), resolved.trained)]
    done = [training_of(one.candidate, job, resolved, settings, one.trained) for one in resolved.tried if one.trained]
    wanted = [one for one in resolved.tried if not resolved.pick or one.candidate == resolved.picked]
    waiting = [one.candidate for one in wanted if not one.is_settled and not one.wrong]
    return [*done, *(training_of(candidate, job, resolved, settings) for candidate in waiting[:1])]


def training_of(
    candidate: Candidate, job: FineTuneJob, resolved: Resolved, settings: Settings, done: StepManifest | None = None
) -> PlannedStep:
    """Raises InvalidInput: the candidate's recipe does not fit the rows that were prepared."""
    return PlannedStep(train_request(job, resolved, settings, candidate), done)
