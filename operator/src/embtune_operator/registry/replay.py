"""Whose rows a job replays: an earlier version, and the copy that its line keeps of what it was trained on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.documents.publish import Metadata, VersionManifest, VersionRef
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.keys import LineKeys
from embtune_api.replayed import Replayed
from embtune_operator.registry.history import read_release
from embtune_operator.registry.versions import checked_manifest, read_manifest
from embtune_store.folders import read_verified

if TYPE_CHECKING:
    from embtune_api.documents.files import StoredFile
    from embtune_api.replay import Replay
    from embtune_store.protocol import Store

_FIELD = "data.replay.version"


def find_replayed(store: Store, namespace: str, model: str, wanted: Replay) -> Replayed:
    """What `wanted` means now, to a job of the line `model`.

    Raises:
        InvalidInput: a version that is named by its number is not there, or its rows were not kept.
        Tampered: the version's manifest or metadata is not what was published.
    """
    line = LineKeys(namespace, wanted.version.model if wanted.version else model)
    ref = wanted.version.ref if wanted.version else "production"
    if ref == "production":
        return _in_production(store, line)
    try:
        manifest = read_manifest(store, line, int(ref))
    except InvalidInput as error:
        raise InvalidInput(f"{_FIELD}: {error}") from None
    found = _replayed(store, line, manifest)
    if found.rows is None:
        raise InvalidInput(
            f"{_FIELD}: {found.why_nothing}, so they cannot be replayed. Rows are kept of jobs with data.archive: true or with "
            f"data.replay: name a version of such a job, or give the old rows as a further source of data.train."
        )
    return found


def _in_production(store: Store, line: LineKeys) -> Replayed:
    release = read_release(store, line)
    if release is None or release.document.production is None:
        return Replayed(model=line.model)
    return _replayed(store, line, checked_manifest(store, line, release.document.production))


def _replayed(store: Store, line: LineKeys, manifest: VersionManifest) -> Replayed:
    version = VersionRef(version=manifest.version, digest=manifest.digest)
    metadata = Metadata.model_validate_json(read_verified(store, _metadata_of(line, manifest)))
    return Replayed(model=line.model, version=version, rows=metadata.archived_train)


def _metadata_of(line: LineKeys, manifest: VersionManifest) -> StoredFile:
    keys = line.version(manifest.version)
    files = (entry.below(keys.root) for entry in manifest.other_files)
    found = next((file for file in files if file.key == keys.metadata), None)
    if found is None:
        raise Tampered(f"{keys.manifest} does not list {keys.metadata}: restore it from a backup, or replay another version")
    return found
