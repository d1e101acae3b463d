"""The request of each step, and its digest: of what determines the output, and of nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from embtune_api import presets
from embtune_api.digest import digest_of
from embtune_api.keys import SHORT, JobKeys
from embtune_api.requests import EvaluateRequest, Judged, PrepareRequest, PublishRequest, TrainRequest

if TYPE_CHECKING:
    from embtune_api.candidates import Candidate
    from embtune_api.documents.evaluate import Judgement
    from embtune_api.documents.files import StepManifest, StoredFile
    from embtune_api.documents.prepare import PrepareFacts, ResolvedBase
    from embtune_api.documents.train import TrainFacts
    from embtune_api.resources import FineTuneJob
    from embtune_api.slices import Slice
    from embtune_api.spec import FineTuneJobSpec
    from embtune_api.training import Training
    from embtune_operator.pipeline.resolved import Resolved
    from embtune_operator.settings import Settings


def job_keys(job: FineTuneJob) -> JobKeys:
    return JobKeys(job.metadata.namespace, job.metadata.name, job.metadata.uid)


def publish_digest(job: FineTuneJob, resolved: Resolved) -> str:
    """Keyed on the candidate alone: a job publishes one version, even if a changed champion has it judged again."""
    return digest_of({"step": "publish", "model": job.spec.model, "candidate": resolved.train_facts.model.digest})


def _common(job: FineTuneJob, settings: Settings, digest: str) -> dict[str, Any]:
    return {
        "store": settings.store,
        "namespace": job.metadata.namespace,
        "model": job.spec.model,
        "job": job.metadata.name,
        "job_uid": job.metadata.uid,
        "digest": digest,
    }


def prepare_request(job: FineTuneJob, resolved: Resolved, settings: Settings) -> PrepareRequest:
    """What is to be read, checked and divided."""
    spec = job.spec
    data = presets.resolve_data(spec.data, spec.training)
    kept = [one.model_copy(update={"values": None}) for one in spec.evaluation.slices or [] if one.kept_by_the_exam]
    staged = [suite for suite in spec.evaluation.suites if suite.is_staged]
    bases = {one.name: one.base_model.reference for one in spec.candidates or [] if one.base_model}
    digest = digest_of(
        {
            "step": "prepare",
            "namespace": job.metadata.namespace,
            "model": spec.model,
            "job": job.metadata.uid,
            "data": data,
            "base": spec.base_model,
            "recipe": spec.training.model_dump(include={"loss", "batch_size", "max_seq_length"}),
            "replayed": resolved.replayed,
            **_if_any("slices", kept),
            **({"bases": bases} if bases else {}),
            "suites": [suite.inputs for suite in staged],
            **_said(spec),
        }
    )
    return PrepareRequest(
        **_common(job, settings, digest),
        owner=settings.owner,
        data=data,
        base_model=spec.base_model,
        bases=bases,
        suites=staged,
        training=spec.training,
        encoder=spec.encoder,
        slices=kept,
        replayed=resolved.replayed,
        folder=settings.folder,
    )


def train_request(job: FineTuneJob, resolved: Resolved, settings: Settings, candidate: Candidate | None = None) -> TrainRequest:
    """The rows and the base that a training learns from, and every value of its recipe.

    Raises:
        InvalidInput: the recipe does not fit the rows that were prepared.
    """
    facts = resolved.prepare_facts
    spec = job.spec.tried_as(candidate) if candidate else job.spec
    training = _explicit(spec, facts)
    name = candidate.name if candidate else None
    base = facts.base_of(name).model
    weights = training.model_dump(mode="json", by_alias=True, exclude={"checkpoint_steps"})
    teacher = facts.teacher.model if facts.teacher else None
    rows = [facts.train.sha256, facts.fingerprints.sha256]  # a job that asks other suites of the same rows is not trained again
    models = [base.digest, teacher.digest if teacher else None]
    tried = {"candidate": name, "validation": _sha256(facts.validation)} if name else {}
    beside = [[one.name, one.file.sha256, one.weight, one.loss] for one in facts.auxiliary]
    besides = {"auxiliary": beside} if beside else {}
    digest = digest_of({"step": "train", "rows": rows, "models": models, "training": weights, **_said(spec), **tried, **besides})
    return TrainRequest(
        **_common(job, settings, digest),
        rows=facts.train,
        validation=facts.validation,
        auxiliary=facts.auxiliary,
        fingerprints=facts.fingerprints,
        base=base,
        teacher=teacher,
        training=training,
        encoder=spec.encoder,
        candidate=name,
        others_base=facts.base.model.prefix if name else None,
        processes=job.spec.runtime.processes_per_node,
        killed=_killed(job, digest),
    )


def _killed(job: FineTuneJob, digest: str) -> int:
    """Trainings towards this output that the kernel ended, but for the first: it says nothing to the process, so that the next
    must know. The first is tried again as it was: a neighbour may have filled the memory, and the weights stay the same."""
    attempts = job.status.attempts if job.status else []
    ended = sum((a.step, a.digest, a.reason) == ("train", digest[:SHORT], "OutOfMemory") for a in attempts)
    return max(0, ended - 1)


def evaluate_request(job: FineTuneJob, resolved: Resolved, settings: Settings) -> EvaluateRequest:
    """Whom the suites ask, and what."""
    models = [
        Judged(role="candidate", model=resolved.train_facts.model),
        Judged(role="base", model=resolved.prepare_facts.base.model),
    ]
    if resolved.champion:
        models.append(Judged(role="champion", model=resolved.champion.model))
    suites, staged = job.spec.evaluation.suites, resolved.prepare_facts.suites
    slices = job.spec.evaluation.slices or []
    precision = job.spec.evaluation.precision
    exam = resolved.prepare_facts.exam
    cost = job.spec.evaluation.asked_cost(gate.metric for gate in job.spec.promotion.gates)
    digest = digest_of(
        {
            "step": "evaluate",
            "exam": exam,
            "suites": suites,
            "staged": [[suite.name, suite.exam, suite.reranker and suite.reranker.digest] for suite in staged],
            "precision": precision,
            "models": [[judged.role, judged.model.digest, _sha256(judged.model.fingerprints)] for judged in models],
            **_if_any("slices", slices),
            **({"cost": cost} if cost else {}),
        }
    )
    return EvaluateRequest(
        **_common(job, settings, digest),
        exam=exam,
        models=models,
        suites=suites,
        slices=slices,
        staged=staged,
        precision=precision,
        cost=cost,
        published=resolved.train_facts.encoder,
    )


def publish_request(job: FineTuneJob, resolved: Resolved, judgement: Judgement, settings: Settings) -> PublishRequest:
    """The version that comes of the candidate, with all that is told of it."""
    prepared, evaluated, trained = (_manifest(m) for m in (resolved.prepared, resolved.evaluated, resolved.trained))
    facts = resolved.prepare_facts
    champion = resolved.champion.ref if resolved.champion else None
    picked = resolved.picked
    training = _as_trained(_explicit(job.spec.tried_as(picked) if picked else job.spec, facts), resolved.train_facts)
    return PublishRequest(
        **_common(job, settings, publish_digest(job, resolved)),
        candidate=resolved.train_facts.model,
        fingerprints=facts.fingerprints,
        evaluated=_root(job, evaluated),
        champion_version=champion.version if champion else None,
        verdict=judgement.verdict,
        bounds=judgement.bounds,
        base=facts.base_of(picked.name if picked else None),
        training_config={
            **training.model_dump(mode="json", by_alias=True),
            "encoder": resolved.train_facts.encoder.model_dump(mode="json"),
        },
        training_data={
            "sources": [source.model_dump(mode="json") for source in facts.sources],
            "split": job.spec.data.split.explicit().model_dump(mode="json", by_alias=True, exclude_none=True),
            "train_rows": facts.train_rows,
            "augmented_rows": facts.augmented_rows,
            "validation_rows": facts.validation_rows,
            "exam": facts.exam,
            "digest": prepared.digest,
            "findings": _findings(resolved),
            "replayed_rows": _replayed_rows(resolved),
            "archived_train": facts.archived_train.model_dump(mode="json") if facts.archived_train else None,
            **({"auxiliary": [one.model_dump(mode="json") for one in facts.auxiliary]} if facts.auxiliary else {}),
        },
        lineage={
            "namespace": job.metadata.namespace,
            "job": job.metadata.name,
            "job_uid": job.metadata.uid,
            "spec_digest": digest_of(job.spec),
            "base": _named(facts.base),
            "teacher": _named(facts.teacher) if facts.teacher else None,
            "champion": champion.model_dump(mode="json") if champion else None,
            "replayed": resolved.replayed.model_dump(mode="json") if resolved.replayed else None,
            **({"candidates": resolved.pick.ranking.model_dump(mode="json")} if resolved.pick else {}),
            **({"auxiliary": {one.name: one.file.sha256 for one in facts.auxiliary}} if facts.auxiliary else {}),
            "prepare": prepared.digest,
            "train": trained.digest,
            "evaluate": evaluated.digest,
        },
        timestamp=judgement.at,
    )


def _explicit(spec: FineTuneJobSpec, facts: PrepareFacts) -> Training:
    """The recipe without anything that is left to a preset."""
    own = presets.from_own_version(spec.model, spec.base_model)
    rows, validated, beside = facts.train_rows, facts.validation_rows, facts.auxiliary
    return presets.resolve(spec.training, rows, facts.shape, validated, goes_on=own, beside=beside)


def _as_trained(recipe: Training, facts: TrainFacts) -> Training:
    """With what only the training could tell."""
    return recipe.model_copy(update={"max_seq_length": facts.max_seq_length}) if recipe.max_seq_length == "Auto" else recipe


def _said(spec: FineTuneJobSpec) -> dict[str, Any]:
    """For the digests of steps that the published model's settings make a difference to."""
    return {} if spec.encoder is None else {"encoder": spec.encoder}


def _if_any(name: str, slices: list[Slice]) -> dict[str, list[Slice]]:
    """For a digest: a job that asks for none has the digest that it had before there were any."""
    return {name: slices} if slices else {}


def _named(model: ResolvedBase) -> dict[str, str | None]:
    return {"uri": model.uri, "revision": model.revision, "digest": model.model.digest}


def _findings(resolved: Resolved) -> list[dict[str, Any]]:
    """What the checks found, without the examples, which are texts of the data."""
    report = resolved.data_report
    return [one.model_dump(mode="json", exclude={"examples"}) for one in report.findings] if report else []


def _replayed_rows(resolved: Resolved) -> int:
    report = resolved.data_report
    return report.replay.replayed if report and report.replay else 0


def _sha256(file: StoredFile | None) -> str | None:
    return file.sha256 if file else None


def _root(job: FineTuneJob, manifest: StepManifest) -> str:
    return job_keys(job).step(manifest.step, manifest.input_digest).root


def _manifest(manifest: StepManifest | None) -> StepManifest:
    assert manifest is not None, "planned a step whose inputs are not known"
    return manifest
