"""The history of a line: every change of what is in production, in order, and what follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.documents.publish import VersionRef
from embtune_api.documents.release import Release
from embtune_api.errors import StoreError
from embtune_store import documents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.keys import LineKeys
    from embtune_api.status import Stage
    from embtune_api.verdict import Outcome
    from embtune_operator.pipeline.readings import Readings
    from embtune_store.protocol import Store


CurrentRelease = documents.TaggedDocument[Release]
"""`release.json` as it was read, with the tag that a swap must present."""


def read_release(store: Store, line: LineKeys) -> CurrentRelease | None:
    """None while nothing was ever promoted."""
    return documents.read_tagged(store, line.release, Release)


def complete_history(store: Store, line: LineKeys, current: Release) -> None:
    """Write the copy of the current release, if a crash came between its swap and its copy."""
    documents.create(store, line.history(current.seq), current)


def read_history(store: Store, line: LineKeys, readings: Readings | None = None) -> list[Release]:
    """Every release so far, oldest first; the current one also while its copy is still missing.

    Args:
        readings: spare the store what this process has read before: entries never change.
    """
    read = readings.document if readings else documents.read
    numbers = {_seq(line, found.key) for found in store.list(line.history_folder)}
    past = [read(store, line.history(seq), Release) for seq in sorted(numbers)]
    history = [release for release in past if release is not None]
    current = read_release(store, line)
    if current is not None and current.document.seq not in numbers:
        history.append(current.document)
    return history


def promotion_of(history: Sequence[Release], version: int) -> Release | None:
    """The release that first brought a version into production."""
    return next((r for r in history if r.transition.kind == "Promote" and r.transition.to_version == version), None)


def previous_of(history: Sequence[Release], production: int | None, leaving: int) -> VersionRef | None:
    """Where a second rollback leads, when a first one puts `production` in the place of `leaving`.

    That is the newest version that was in production, these two and those that were rolled back or deleted apart.
    """
    past = [release.production for release in reversed(history) if release.production]
    fit = (ref for ref in past if ref.version not in (production, leaving))
    return next((r for r in fit if not was_rolled_back(r.version, history) and not was_deleted(r.version, history)), None)


def stage_of(version: int, history: Sequence[Release], outcome: Outcome | None) -> Stage:
    """A version's stage, from what happened and from its own verdict."""
    if history and history[-1].production is not None and history[-1].production.version == version:
        return "Production"
    if history and history[-1].canary is not None and history[-1].canary.version == version:
        return "Canary"
    if was_rolled_back(version, history):
        return "RolledBack"
    if promotion_of(history, version) is not None:
        return "Archived"
    return "Rejected" if outcome == "Rejected" else "Candidate"


def was_rolled_back(version: int, history: Sequence[Release]) -> bool:
    """Whether the last that happened to a version was a rollback from it."""
    fate = [
        release.transition.kind
        for release in history
        if (release.transition.kind == "Rollback" and release.transition.from_version == version)
        or (release.transition.kind == "Promote" and release.transition.to_version == version)
    ]
    return fate[-1:] == ["Rollback"]


def was_deleted(version: int, history: Sequence[Release]) -> bool:
    """Whether a version has left the store, or is just about to: it never comes back, nor does its number."""
    return any(r.transition.kind == "Delete" and r.transition.to_version == version for r in history)


def bringing(version: int, history: Sequence[Release]) -> Release | None:
    """The release that last brought a version into production, by a promotion or by a rollback to it."""
    arrivals = (r for r in reversed(history) if r.transition.kind != "Delete" and r.transition.to_version == version)
    return next(arrivals, None)


def answer_to(request: str, history: Sequence[Release]) -> Release | None:
    """What came of a request, if it has been carried out."""
    return next((release for release in history if release.transition.request == request), None)


def _seq(line: LineKeys, key: str) -> int:
    name = key.removeprefix(f"{line.history_folder}/").removesuffix(".json")
    if not name.isdecimal():
        raise StoreError(f"{key} does not belong into the history of {line.root}: only <seq>.json does; move it away")
    return int(name)
