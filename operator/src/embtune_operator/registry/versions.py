"""Versions of a line, as they were published."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.documents.publish import Metadata, VersionManifest, VersionRef
from embtune_api.errors import InvalidInput, Tampered
from embtune_operator.registry.history import read_history, stage_of
from embtune_operator.registry.judgements import last_judgement
from embtune_store import documents, folders

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from embtune_api.documents.publish import PublishedEvaluation
    from embtune_api.documents.release import Release
    from embtune_api.keys import LineKeys
    from embtune_api.status import Stage
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Version:
    """One published version, with what became of it."""

    number: int
    manifest: VersionManifest
    metadata: Metadata
    evaluation: PublishedEvaluation
    """The newest: of when it was judged again, if it was."""
    stage: Stage
    judged_again_at: datetime | None = None
    """None: it has been judged once, before it was published."""

    @property
    def ref(self) -> VersionRef:
        return VersionRef(version=self.number, digest=self.manifest.digest)

    @property
    def needs_force(self) -> bool:
        """Whether it is promoted with --force only."""
        return self.stage == "RolledBack" or self.evaluation.verdict.outcome == "Rejected"


def version_numbers(store: Store, line: LineKeys) -> list[int]:
    """Numbers of the published versions, ascending. A number without a manifest is claimed, but not a version."""
    pattern = re.compile(re.escape(line.versions) + r"/([0-9]+)/manifest\.json")
    matches = (pattern.fullmatch(found.key) for found in store.list(line.versions))
    return sorted(int(match[1]) for match in matches if match)


def list_versions(store: Store, line: LineKeys) -> list[Version]:
    """Every published version, oldest first."""
    history = read_history(store, line)
    return [read_version(store, line, number, history) for number in version_numbers(store, line)]


def read_version(store: Store, line: LineKeys, number: int, history: Sequence[Release]) -> Version:
    """One version with its stage.

    Raises:
        InvalidInput: no such version.
        Tampered: its manifest is not the one that was released, or it lacks its metadata or its evaluation.
    """
    keys = line.version(number)
    released = [release.production for release in history if release.production and release.production.version == number]
    manifest = checked_manifest(store, line, released[-1]) if released else read_manifest(store, line, number)
    metadata = documents.read(store, keys.metadata, Metadata)
    judgement = last_judgement(store, keys)
    if metadata is None or judgement is None:
        raise Tampered(f"{line.model} v{number} has lost metadata.json or evaluation.json below {keys.root}: restore them")
    stage = stage_of(number, history, judgement.evaluation.verdict.outcome)
    return Version(number, manifest, metadata, judgement.evaluation, stage, judgement.at)


def read_manifest(store: Store, line: LineKeys, number: int) -> VersionManifest:
    """A version's manifest.

    Raises:
        InvalidInput: no such version.
        Tampered: it says that it is another one.
    """
    manifest = documents.read(store, line.version(number).manifest, VersionManifest)
    if manifest is None:
        known = ", ".join(str(n) for n in version_numbers(store, line)) or "none yet"
        raise InvalidInput(
            f"{line.model} has no version {number} in namespace {line.namespace} of this store; there are: {known}"
        )
    if (manifest.model, manifest.version) != (line.model, number):
        raise _not_as_published(line, number, f"is that of {manifest.model} v{manifest.version}")
    return manifest


def checked_manifest(store: Store, line: LineKeys, expected: VersionRef) -> VersionManifest:
    """The manifest of a version that something refers to by digest.

    Raises:
        Tampered: it is gone, or it is another one.
    """
    manifest = documents.read(store, line.version(expected.version).manifest, VersionManifest)
    if manifest is None or manifest.digest != expected.digest:
        what = "is gone" if manifest is None else "is not the one that was published"
        raise _not_as_published(line, expected.version, f"{what} (expected digest {expected.digest[:12]}…)")
    return manifest


def _not_as_published(line: LineKeys, number: int, what: str) -> Tampered:
    return Tampered(
        f"the manifest of {line.model} v{number} {what}: restore {line.version(number).manifest} from a backup, "
        "or promote another version"
    )


def verify_version(store: Store, line: LineKeys, number: int, manifest: VersionManifest) -> None:
    """Read every byte of a version again.

    Raises:
        Tampered: a file is gone or its sha256 is not that of the manifest.
    """
    folders.verify(store, line.version(number).root, manifest.files)
