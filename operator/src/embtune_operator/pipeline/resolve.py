"""What a job's inputs turned out to be: walks the store from manifest to manifest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from embtune_api.documents.evaluate import Judgement
from embtune_api.documents.files import StepManifest
from embtune_api.documents.job import JobResult
from embtune_api.documents.publish import Metadata
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.keys import LineKeys, StepKeys
from embtune_api.ranking import CandidateEnd, Pick
from embtune_api.replayed import Replayed
from embtune_api.reports import DataReport, EvaluationReport
from embtune_operator.judge.ranking import Entrant, rank
from embtune_operator.judge.ruling import rule
from embtune_operator.judge.scores import load_scores
from embtune_operator.pipeline.plan import make_plan, training_of
from embtune_operator.pipeline.resolved import Champion, Resolved
from embtune_operator.pipeline.step_requests import job_keys, publish_digest
from embtune_operator.pipeline.trial import Tried
from embtune_operator.registry.history import promotion_of, read_history, read_release, stage_of
from embtune_operator.registry.judgements import last_judgement
from embtune_operator.registry.looks import looks_at
from embtune_operator.registry.replay import find_replayed
from embtune_operator.registry.versions import checked_manifest
from embtune_store import documents

if TYPE_CHECKING:
    from embtune_api.candidates import Candidate
    from embtune_api.documents.files import StoredFile
    from embtune_api.documents.publish import VersionRef
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import StepName
    from embtune_operator.pipeline.readings import Readings
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store


def resolve(job: FineTuneJob, settings: Settings, store: Store, readings: Readings) -> Resolved:
    """Read how far a job has come. A job that has its result is not looked at any further.

    Args:
        readings: what has been read before of that which never changes.

    Raises:
        Tampered: the champion's manifest is not the one that was released, or a report is not what its step wrote.
        InvalidInput: the version to be replayed is not there, or its rows were not kept.
        StoreError: the store cannot be read.
    """
    result = documents.read(store, job_keys(job).result, JobResult)
    if result:
        return Resolved(result=result)
    walk = _Walk(job, settings, store, readings)
    resolved = _with_prepared(walk, _with_replay(walk))
    if resolved.prepared and job.spec.candidates:
        resolved = _with_candidates(walk, resolved)
    elif resolved.prepared:
        resolved = replace(resolved, trained=walk.manifest("train", resolved))
    if resolved.trained:
        resolved = _with_release(walk, resolved)
        resolved = _with_evaluation(walk, resolved)
    return resolved


def resolve_prepared(job: FineTuneJob, settings: Settings, store: Store, readings: Readings) -> Resolved:
    """As far as the job's data alone, whatever was made of it since. Raises as `resolve`."""
    walk = _Walk(job, settings, store, readings)
    return _with_prepared(walk, _with_replay(walk))


@dataclass(frozen=True)
class _Walk:
    job: FineTuneJob
    settings: Settings
    store: Store
    readings: Readings

    def manifest(self, name: StepName, resolved: Resolved) -> StepManifest | None:
        step = make_plan(self.job, resolved, self.settings).step(name)
        return self.readings.document(self.store, step.keys.manifest, StepManifest) if step else None


def _with_replay(walk: _Walk) -> Resolved:
    job, wanted = walk.job, walk.job.spec.data.replay
    if wanted is None:
        return Resolved()
    kept = walk.readings.document(walk.store, job_keys(job).replay, Replayed)
    return Resolved(to_replay=kept or find_replayed(walk.store, job.metadata.namespace, job.spec.model, wanted), replayed=kept)


def _with_prepared(walk: _Walk, resolved: Resolved) -> Resolved:
    prepared = walk.manifest("prepare", resolved)
    if prepared is None:
        return resolved
    resolved = replace(resolved, prepared=prepared)
    report = walk.readings.verified(walk.store, resolved.prepare_facts.report, DataReport)
    return replace(resolved, data_report=report)


def _with_candidates(walk: _Walk, resolved: Resolved) -> Resolved:
    """How far each has come; once none is left to be trained, the ranking, and what the picked one's training left."""
    keys = job_keys(walk.job)
    tried = tuple(_tried(walk, resolved, candidate) for candidate in walk.job.spec.candidates or [])
    pick = walk.readings.document(walk.store, keys.pick, Pick)
    resolved = replace(resolved, tried=tried, pick=pick)
    if pick:
        trained = next((one.trained for one in tried if one.candidate.name == pick.ranking.picked), None)
        return replace(resolved, trained=trained)
    entrants = (
        [Entrant(one.candidate.name, one.trial, load_scores(walk.store, one.trial.scores)) for one in tried if one.trained]
        if all(one.is_settled for one in tried)
        else []
    )
    return replace(resolved, ranking=rank(entrants) if entrants else None)


def _tried(walk: _Walk, resolved: Resolved, candidate: Candidate) -> Tried:
    end = walk.readings.document(walk.store, job_keys(walk.job).candidate(candidate.name), CandidateEnd)
    if end:
        return Tried(candidate, end=end)
    try:
        step = training_of(candidate, walk.job, resolved, walk.settings)
    except InvalidInput as error:
        return Tried(candidate, wrong=str(error))
    return Tried(candidate, trained=walk.readings.document(walk.store, step.keys.manifest, StepManifest))


def _with_release(walk: _Walk, resolved: Resolved) -> Resolved:
    """This job's version, and the champion: whatever was in production before that version was."""
    job, store = walk.job, walk.store
    line = _line(job)
    publish = job_keys(job).step("publish", publish_digest(job, resolved))
    resolved = replace(resolved, published=walk.readings.document(store, publish.manifest, StepManifest))
    version = resolved.version
    if version is None:
        current = read_release(store, line)
        return replace(resolved, champion=_champion(line, current.document.production if current else None, store))
    history = read_history(store, line, walk.readings)
    promoted = promotion_of(history, version.version)
    champion = promoted.previous if promoted else history[-1].production if history else None
    last = last_judgement(store, line.version(version.version))
    stage = stage_of(version.version, history, last.evaluation.verdict.outcome if last else None)
    return replace(
        resolved,
        promoted=promoted,
        champion=_champion(line, champion, store),
        last_judgement=last,
        stage=stage,
        reindex=_differences(walk, line, champion, version),
    )


def _differences(walk: _Walk, line: LineKeys, champion: VersionRef | None, version: VersionRef) -> tuple[str, ...]:
    """Nothing is told of a version whose files do not say what it is."""
    if champion is None:
        return ()
    both = [walk.readings.document(walk.store, line.version(ref.version).metadata, Metadata) for ref in (champion, version)]
    before, after = (found.contract if found else None for found in both)
    return tuple(before.differences(after)) if before and after else ()


def _champion(line: LineKeys, ref: VersionRef | None, store: Store) -> Champion | None:
    if ref is None:
        return None
    return Champion(ref, checked_manifest(store, line, ref).stored_model(line.version(ref.version)))


def _with_evaluation(walk: _Walk, resolved: Resolved) -> Resolved:
    job, store = walk.job, walk.store
    evaluated = walk.manifest("evaluate", resolved)
    if evaluated is None:
        return resolved
    keys = job_keys(job).step("evaluate", evaluated.input_digest)
    report = walk.readings.verified(store, _listed_report(keys, evaluated), EvaluationReport)
    resolved = replace(resolved, evaluated=evaluated, evaluation=report)
    judgement = walk.readings.document(store, keys.verdict, Judgement)
    if judgement:
        return replace(resolved, judgement=judgement, verdict=judgement.verdict, bounds=judgement.bounds)
    champion_version = resolved.champion.ref.version if resolved.champion else None
    gates = job.spec.promotion.gates
    facts, looks = (
        resolved.evaluate_facts,
        looks_at(store, _line(job), report.exam, resolved.train_facts.model.digest, walk.readings),
    )
    ruling = rule(gates, facts, report.exam, report.suites, champion_version, store, looks)
    return replace(resolved, verdict=ruling.verdict, bounds=ruling.bounds)


def _line(job: FineTuneJob) -> LineKeys:
    return LineKeys(job.metadata.namespace, job.spec.model)


def _listed_report(keys: StepKeys, evaluated: StepManifest) -> StoredFile:
    files = (entry.below(keys.root) for entry in evaluated.files)
    listed = next((file for file in files if file.key == keys.report), None)
    if listed is None:
        raise Tampered(f"{keys.manifest} does not list {keys.report}: delete it to have the evaluation made again")
    return listed
