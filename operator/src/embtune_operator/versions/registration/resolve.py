"""How far a registration has come: walks the store from manifest to manifest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.documents.exam import Exam, LineExam
from embtune_api.documents.files import StepManifest
from embtune_api.documents.prepare import StagedFacts
from embtune_api.documents.publish import PublishFacts
from embtune_api.evaluation import Suite
from embtune_api.presets import kinds_for
from embtune_operator.pipeline.resolved import Champion
from embtune_operator.registry.history import read_release
from embtune_operator.registry.judgements import last_judgement
from embtune_operator.registry.versions import checked_manifest, version_numbers
from embtune_operator.versions.look import line_of
from embtune_operator.versions.registration.plan import (
    Examination,
    evaluate_request,
    keys_of,
    prepare_request,
    publish_digest,
    publish_request,
)
from embtune_store import documents

if TYPE_CHECKING:
    from embtune_api.documents.publish import VersionRef
    from embtune_api.keys import LineKeys
    from embtune_api.requests import EvaluateRequest, PrepareRequest, PublishRequest
    from embtune_api.resources import ModelVersion
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Progressed:
    """Where a registration stands: published, or the request of the step that comes next; neither: there is no exam."""

    published: VersionRef | None = None
    next_step: PrepareRequest | EvaluateRequest | PublishRequest | None = None


def resolve(version: ModelVersion, settings: Settings, store: Store) -> Progressed:
    """What has been done, and what comes next.

    Raises:
        Tampered: the champion's manifest is not the one that was released.
    """
    line = line_of(version)
    exam = documents.read(store, line.line_exam, LineExam)
    if exam is None:
        return Progressed()
    preparing = prepare_request(version, settings)
    staged = _manifest(version, store, preparing)
    if staged is None:
        return Progressed(next_step=preparing)
    base = StagedFacts.model_validate(staged.facts).base
    if published := _published(version, staged, store):
        return Progressed(published=published)
    champion = _champion(line, store)
    examination = _examination(line, exam.digest, champion, store)
    evaluating = evaluate_request(version, base, examination, settings)
    evaluated = _manifest(version, store, evaluating)
    if evaluated is None:
        return Progressed(next_step=evaluating)
    return Progressed(next_step=publish_request(version, staged, base, examination, evaluated, settings))


def published_as(version: ModelVersion, settings: Settings, store: Store) -> VersionRef | None:
    """The version that a registration has made, whether or not it has been told in its status."""
    staged = _manifest(version, store, prepare_request(version, settings))
    return _published(version, staged, store) if staged else None


def _published(version: ModelVersion, staged: StepManifest, store: Store) -> VersionRef | None:
    base = StagedFacts.model_validate(staged.facts).base
    keys = keys_of(version).step("publish", publish_digest(version, base))
    manifest = documents.read(store, keys.manifest, StepManifest)
    return PublishFacts.model_validate(manifest.facts).version if manifest else None


def _manifest(version: ModelVersion, store: Store, request: PrepareRequest | EvaluateRequest) -> StepManifest | None:
    return documents.read(store, keys_of(version).step(request.step, request.digest).manifest, StepManifest)


def _champion(line: LineKeys, store: Store) -> Champion | None:
    current = read_release(store, line)
    ref = current.document.production if current else None
    return Champion(ref, checked_manifest(store, line, ref).stored_model(line.version(ref.version))) if ref else None


def _examination(line: LineKeys, exam: str, champion: Champion | None, store: Store) -> Examination:
    """By the suites that the champion was examined with, or else the newest version: their scores can be compared then. Without
    one: by what every exam of its shape can tell."""
    numbers = [champion.ref.version] if champion else version_numbers(store, line)[-1:]
    found = last_judgement(store, line.version(numbers[0])) if numbers else None
    if found and found.evaluation.suites:
        asked = [one for one in found.evaluation.suites if one.compressed is None]  # each suite once, however it was asked
        return Examination(exam, [one.suite for one in asked], [one.staged for one in asked if one.staged], champion)
    manifest = documents.read(store, line.exam(exam).exam, Exam)
    return Examination(exam, [Suite(kind=kinds_for(manifest.shape)[0])] if manifest else [Suite()], [], champion)
