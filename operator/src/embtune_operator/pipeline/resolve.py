"""What a job's inputs turned out to be: walks the store from manifest to manifest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from embtune_api.documents import JobResult, Judgement, StepManifest
from embtune_api.errors import Tampered
from embtune_api.keys import LineKeys, StepKeys
from embtune_api.reports import DataReport, EvaluationReport
from embtune_operator.judge.verdict import judge_evaluation
from embtune_operator.pipeline.plan import job_keys, make_plan, publish_digest
from embtune_operator.pipeline.resolved import Champion, Resolved
from embtune_operator.registry.history import promotion_of, read_history, read_release, stage_of
from embtune_operator.registry.judgements import last_judgement
from embtune_operator.registry.versions import checked_manifest
from embtune_store import documents
from embtune_store.folders import read_verified

if TYPE_CHECKING:
    from embtune_api.documents import VersionRef
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import StepName
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store


def resolve(job: FineTuneJob, settings: Settings, store: Store) -> Resolved:
    """Read how far a job has come. A job that has its result is not looked at any further.

    Raises:
        Tampered: the champion's manifest is not the one that was released, or a report is not what its step wrote.
        StoreError: the store cannot be read.
    """
    result = documents.read(store, job_keys(job).result, JobResult)
    if result:
        return Resolved(result=result)
    resolved = _with_prepared(job, Resolved(), settings, store)
    if resolved.prepared:
        resolved = replace(resolved, trained=_manifest(job, resolved, settings, store, "train"))
    if resolved.trained:
        resolved = _with_release(job, resolved, store)
        resolved = _with_evaluation(job, resolved, settings, store)
    return resolved


def _with_prepared(job: FineTuneJob, resolved: Resolved, settings: Settings, store: Store) -> Resolved:
    prepared = _manifest(job, resolved, settings, store, "prepare")
    if prepared is None:
        return resolved
    resolved = replace(resolved, prepared=prepared)
    report = DataReport.model_validate_json(read_verified(store, resolved.prepare_facts.report))
    return replace(resolved, data_report=report)


def _with_release(job: FineTuneJob, resolved: Resolved, store: Store) -> Resolved:
    """This job's version, and the champion: whatever was in production before that version was."""
    line = LineKeys(job.metadata.namespace, job.spec.model)
    published = documents.read(store, job_keys(job).step("publish", publish_digest(job, resolved)).manifest, StepManifest)
    resolved = replace(resolved, published=published)
    version = resolved.version
    if version is None:
        current = read_release(store, line)
        return replace(resolved, champion=_champion(line, current.document.production if current else None, store))
    history = read_history(store, line)
    promoted = promotion_of(history, version.version)
    champion = promoted.previous if promoted else history[-1].production if history else None
    last = last_judgement(store, line.version(version.version))
    stage = stage_of(version.version, history, last.evaluation.verdict.outcome if last else None)
    return replace(resolved, promoted=promoted, champion=_champion(line, champion, store), last_judgement=last, stage=stage)


def _champion(line: LineKeys, ref: VersionRef | None, store: Store) -> Champion | None:
    if ref is None:
        return None
    return Champion(ref, checked_manifest(store, line, ref).stored_model(line.version(ref.version)))


def _with_evaluation(job: FineTuneJob, resolved: Resolved, settings: Settings, store: Store) -> Resolved:
    evaluated = _manifest(job, resolved, settings, store, "evaluate")
    if evaluated is None:
        return resolved
    keys = job_keys(job).step("evaluate", evaluated.input_digest)
    report = _evaluation_report(store, keys, evaluated)
    resolved = replace(resolved, evaluated=evaluated, evaluation=report)
    judgement = documents.read(store, keys.verdict, Judgement)
    if judgement:
        return replace(resolved, judgement=judgement, verdict=judgement.verdict)
    champion_version = resolved.champion.ref.version if resolved.champion else None
    gates = job.spec.promotion.gates
    verdict = judge_evaluation(gates, resolved.evaluate_facts, report.dropped_queries, champion_version, store)
    return replace(resolved, verdict=verdict)


def _evaluation_report(store: Store, keys: StepKeys, evaluated: StepManifest) -> EvaluationReport:
    files = (entry.below(keys.root) for entry in evaluated.files)
    listed = next((file for file in files if file.key == keys.report), None)
    if listed is None:
        raise Tampered(f"{keys.manifest} does not list {keys.report}: delete it to have the evaluation made again")
    return EvaluationReport.model_validate_json(read_verified(store, listed))


def _manifest(job: FineTuneJob, resolved: Resolved, settings: Settings, store: Store, name: StepName) -> StepManifest | None:
    step = make_plan(job, resolved, settings).step(name)
    return documents.read(store, step.keys.manifest, StepManifest) if step else None
