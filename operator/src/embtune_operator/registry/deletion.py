"""Deletion of a version's files, for good. Its number stays claimed, so that no other version ever gets it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.documents.publish import VersionManifest
from embtune_operator.registry.history import read_history, was_deleted
from embtune_operator.registry.release import retire
from embtune_store import documents

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.documents.publish import VersionRef
    from embtune_api.keys import JobKeys, LineKeys
    from embtune_store.protocol import Store


def delete_version(store: Store, line: LineKeys, version: VersionRef, reason: str, now: datetime) -> bool:
    """Retire the version, then delete its manifest, then the rest. Cut short, the next call goes on.

    Returns whether it is gone now; False where the store never had it, or has another one under its number: that is left alone.

    Raises:
        InvalidInput: it is in production.
        Conflict: somebody changed the release at the same moment.
    """
    keys = line.version(version.version)
    manifest = documents.read(store, keys.manifest, VersionManifest)
    if manifest is not None and manifest.digest != version.digest:
        return False
    if manifest is None and not was_deleted(version.version, read_history(store, line)):
        return False
    retire(store, line, version.version, reason, now)
    store.delete(keys.manifest)
    for stored in list(store.list(keys.root)):
        if stored.key != keys.claim:
            store.delete(stored.key)
    return True


def delete_scratch(store: Store, job: JobKeys, *, keep: str = "") -> None:
    """Delete what a job left behind while it worked.

    Args:
        keep: objects of this name stay, in every folder.
    """
    for stored in list(store.list(job.root)):
        if not keep or stored.key.rpartition("/")[2] != keep:
            store.delete(stored.key)
