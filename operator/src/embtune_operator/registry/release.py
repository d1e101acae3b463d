"""Releases: promote and rollback, each one compare-and-swap of `release.json`.

Order: verify → swap → history. A crash between any two is finished, not repeated: the swap is the commit, and whoever
comes next completes the history before starting a new sequence number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from embtune_api.documents import Release, Transition, VersionRef
from embtune_api.errors import Conflict, InvalidInput, Tampered
from embtune_operator.registry.history import (
    CurrentRelease,
    complete_history,
    previous_of,
    read_history,
    read_release,
    was_rolled_back,
)
from embtune_operator.registry.judgements import last_judgement
from embtune_operator.registry.versions import checked_manifest, read_manifest, verify_version
from embtune_store import documents

if TYPE_CHECKING:
    from embtune_api.keys import LineKeys
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class JobPromotion:
    """A job's wish: this version, in the place of the champion that it was judged against."""

    job_uid: str
    version: VersionRef
    champion: VersionRef | None


def promote_judged(store: Store, line: LineKeys, wish: JobPromotion, reason: str, now: datetime) -> Release:
    """Promote what a job's gates passed. A job is promoted at most once, however often this is called.

    Raises:
        Conflict: another version is in production than the one it was judged against: judge again.
        InvalidInput: the version has been rolled back meanwhile.
        Tampered: the version's bytes are not those that were published.
    """
    current = _current(store, line)
    history = read_history(store, line)
    if current is not None and any(past.transition.job_uid == wish.job_uid for past in history):
        return current.document
    in_production = current.document.production if current else None
    if in_production != wish.champion:
        raise Conflict(
            f"{line.model} was judged against {_name(wish.champion)}, but {_name(in_production)} is in production now: "
            "it must be judged again"
        )
    if was_rolled_back(wish.version.version, history):
        raise InvalidInput(_rolled_back(line, wish.version.version))
    verify_version(store, line, wish.version.version, checked_manifest(store, line, wish.version))
    return _commit(
        store, line, current, wish.version, in_production, _promotion(current, wish.version, reason, now, wish.job_uid)
    )


def promote(store: Store, line: LineKeys, number: int, reason: str, now: datetime, *, force: bool = False) -> Release:
    """Promote a version because a person says so; nothing changes when it is in production already and sound.

    Raises:
        InvalidInput: no such version; it was rejected or rolled back, and `force` or a reason is missing.
        Tampered: its bytes are not those that were published.
        Conflict: somebody changed the release at the same moment.
    """
    if force and not reason:
        raise InvalidInput("--force needs --reason: the history must say why a version was promoted against its verdict")
    manifest = read_manifest(store, line, number)
    target = VersionRef(version=number, digest=manifest.digest)
    current = _current(store, line)
    in_production = current.document.production if current else None
    if in_production != target and not force:
        _refuse_unfit(store, line, number)
    verify_version(store, line, number, manifest)
    if current is not None and in_production == target:
        return current.document
    because = reason or "promoted by hand"
    return _commit(store, line, current, target, in_production, _promotion(current, target, because, now, None))


def rollback(store: Store, line: LineKeys, reason: str, now: datetime) -> Release:
    """Go back to what was in production before, at once; its bytes are verified afterwards.

    Raises:
        InvalidInput: there is nothing to go back to.
        Tampered: the previous version's manifest is not the one that was released (nothing changed), or its bytes are
            not those that were published (it is in production all the same: promote another one).
        Conflict: somebody changed the release at the same moment.
    """
    current = _current(store, line)
    if current is None or current.document.production is None:
        raise InvalidInput(
            f"{line.model} has nothing in production in namespace {line.namespace}, so there is nothing to roll back"
        )
    target = current.document.previous
    if target is None:
        raise InvalidInput(
            f"{line.model} v{current.document.production.version} has no version before it to roll back to; "
            f"promote another one: embtune promote {line.model}@N"
        )
    manifest = checked_manifest(store, line, target)
    leaving = current.document.production.version
    before = previous_of(read_history(store, line), target.version, leaving)
    transition = Transition(
        kind="Rollback",
        from_version=leaving,
        to_version=target.version,
        reason=reason or "rolled back by hand",
        at=now,
    )
    release = _commit(store, line, current, target, before, transition)
    try:
        verify_version(store, line, target.version, manifest)
    except Tampered as error:
        raise Tampered(
            f"{line.model} v{target.version} is in production again, but it is damaged: {error} "
            f"Or promote another version at once: embtune promote {line.model}@N --reason '…'"
        ) from error
    return release


def _current(store: Store, line: LineKeys) -> CurrentRelease | None:
    """The release, with its history complete: seq is completed before seq + 1 starts."""
    current = read_release(store, line)
    if current is not None:
        complete_history(store, line, current.document)
    return current


def _commit(
    store: Store,
    line: LineKeys,
    current: CurrentRelease | None,
    production: VersionRef,
    previous: VersionRef | None,
    transition: Transition,
) -> Release:
    seq = current.document.seq + 1 if current else 1
    release = Release(seq=seq, production=production, previous=previous, transition=transition)
    if not documents.swap(store, line.release, release, current.tag if current else None):
        raise Conflict(
            f"somebody else changed the release of {line.model} at the same moment: see `embtune history {line.model}`"
        )
    complete_history(store, line, release)
    return release


def _promotion(current: CurrentRelease | None, target: VersionRef, reason: str, now: datetime, job_uid: str | None) -> Transition:
    in_production = current.document.production if current else None
    return Transition(
        kind="Promote",
        from_version=in_production.version if in_production else None,
        to_version=target.version,
        reason=reason,
        job_uid=job_uid,
        at=now,
    )


def _refuse_unfit(store: Store, line: LineKeys, number: int) -> None:
    if was_rolled_back(number, read_history(store, line)):
        raise InvalidInput(_rolled_back(line, number))
    judgement = last_judgement(store, line.version(number))
    if judgement is not None and judgement.evaluation.verdict.outcome == "Rejected":
        raise InvalidInput(
            f"{line.model} v{number} was rejected ({judgement.evaluation.verdict.reason}); "
            f"to promote it all the same: embtune promote {line.model}@{number} --force --reason '…'"
        )


def _rolled_back(line: LineKeys, number: int) -> str:
    return (
        f"{line.model} v{number} was rolled back, so it is not promoted again; "
        f"to do it all the same: embtune promote {line.model}@{number} --force --reason '…'"
    )


def _name(version: VersionRef | None) -> str:
    return f"v{version.version}" if version else "nothing"
