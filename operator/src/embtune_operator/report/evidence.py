"""Everything that the store holds about a subject, read once."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from embtune_api.documents.files import StepManifest
from embtune_api.documents.prepare import PrepareFacts
from embtune_api.documents.publish import Metadata
from embtune_api.reports import DataReport, TrainingReport
from embtune_operator.report.answers import Answers, read_answers
from embtune_operator.report.duel import Duel, find_duel
from embtune_operator.view.score_table import roles_of
from embtune_store import documents
from embtune_store.folders import read_verified

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from embtune_api.documents.files import StoredFile
    from embtune_api.documents.publish import PublishedEvaluation
    from embtune_api.keys import JobKeys
    from embtune_operator.report.subject import Subject
    from embtune_operator.view.score_table import Role
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Evidence:
    """A part that is not there is None or empty: the job has not come so far, or has been cleaned up."""

    subject: Subject
    roles: Sequence[Role]
    """Base, candidate and champion, with bounds."""
    duel: Duel | None
    """The candidate beside whom it would replace, query by query."""
    answers: Answers | None
    """What both found, with texts."""
    prepared: PrepareFacts | None
    data: DataReport | None
    training: TrainingReport | None
    reindex: Sequence[str]
    """How its vectors differ in kind from those of production: `dimension 384 → 512`."""

    @property
    def evaluation(self) -> PublishedEvaluation | None:
        return self.subject.version.evaluation if self.subject.version else None


def read_evidence(store: Store, subject: Subject) -> Evidence:
    """Raises StoreError, Tampered: the store cannot be read, or a file is not what was written."""
    steps = _steps(store, subject)
    prepared = _prepared(steps.get("prepare"))
    duel = find_duel(store, subject.line, subject.version) if subject.line and subject.version else None
    return Evidence(
        subject=subject,
        roles=roles_of(store, subject.line, subject.version) if subject.line and subject.version else (),
        duel=duel,
        answers=read_answers(store, duel) if duel else None,
        prepared=prepared,
        data=DataReport.model_validate_json(data) if prepared and (data := _still(store, prepared.report)) else None,
        training=_training(store, subject.job, steps.get("train")),
        reindex=_reindex(store, subject),
    )


def _reindex(store: Store, subject: Subject) -> list[str]:
    version, line = subject.version, subject.line
    champion = version.evaluation.champion_version if version else None
    if version is None or line is None or champion is None:
        return []
    before = documents.read(store, line.version(champion).metadata, Metadata)
    if before is None or before.contract is None or version.metadata.contract is None:
        return []
    return before.contract.differences(version.metadata.contract)


def _steps(store: Store, subject: Subject) -> dict[str, StepManifest]:
    """By step: of several, the one that the version was made by, else the one that the job went on with."""
    if subject.job is None:
        return {}
    pattern = re.compile(re.escape(subject.job.root) + r"/(prepare|train|evaluate|publish)/[0-9a-f]+/manifest\.json")
    found: dict[str, list[StepManifest]] = {}
    for stored in sorted(store.list(subject.job.root), key=lambda stored: stored.key):
        if (match := pattern.fullmatch(stored.key)) and (manifest := documents.read(store, stored.key, StepManifest)):
            found.setdefault(match[1], []).append(manifest)
    lineage: Mapping[str, Any] = subject.version.metadata.lineage if subject.version else {}
    return {step: _meant(manifests, lineage.get(step), subject) for step, manifests in found.items()}


def _meant(manifests: list[StepManifest], digest: str | None, subject: Subject) -> StepManifest:
    by_lineage = [manifest for manifest in manifests if manifest.digest == digest]
    attempts = subject.status.attempts if subject.status else []
    last = [attempt.digest for attempt in attempts if attempt.state == "Succeeded" and attempt.digest]
    by_attempt = [manifest for prefix in last for manifest in manifests if manifest.input_digest.startswith(prefix)]
    return [*manifests, *by_attempt, *by_lineage][-1]


def _prepared(manifest: StepManifest | None) -> PrepareFacts | None:
    """None also of a model from outside: it was staged, and no data prepared."""
    try:
        return PrepareFacts.model_validate(manifest.facts) if manifest else None
    except ValidationError:
        return None


def _training(store: Store, job: JobKeys | None, manifest: StepManifest | None) -> TrainingReport | None:
    if job is None or manifest is None:
        return None
    return documents.read(store, job.step("train", manifest.input_digest).report, TrainingReport)


def _still(store: Store, file: StoredFile) -> bytes | None:
    """The verified bytes; None once they have been cleaned up."""
    return read_verified(store, file) if store.exists(file.key) else None
