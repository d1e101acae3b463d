"""Releases: promote, rollback and retire, each one compare-and-swap of `release.json`.

Order: verify → swap → history. A crash between any two is finished, not repeated: the swap is the commit, and whoever
comes next completes the history before starting a new sequence number.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from embtune_api.documents.publish import VersionRef
from embtune_api.documents.release import Release, Transition
from embtune_api.errors import Conflict, InvalidInput, Tampered
from embtune_operator.registry.history import (
    CurrentRelease,
    answer_to,
    complete_history,
    previous_of,
    read_history,
    read_release,
    was_deleted,
    was_rolled_back,
)
from embtune_operator.registry.judgements import last_judgement
from embtune_operator.registry.versions import checked_manifest, read_manifest, verify_version
from embtune_store import documents

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        InvalidInput: the version has been rolled back or deleted meanwhile.
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
    _refuse_deleted(line, wish.version.version, history)
    if was_rolled_back(wish.version.version, history):
        raise InvalidInput(_rolled_back(line, wish.version.version))
    verify_version(store, line, wish.version.version, checked_manifest(store, line, wish.version))
    return _commit(
        store, line, current, wish.version, in_production, _promotion(current, wish.version, reason, now, wish.job_uid)
    )


def promote(
    store: Store, line: LineKeys, number: int, reason: str, now: datetime, *, force: bool = False, request: str | None = None
) -> Release:
    """Promote a version because a person says so; nothing changes when it is in production already and sound.

    Args:
        request: identity of the request for it; one that has been carried out is not carried out again.

    Raises:
        InvalidInput: no such version; it was rejected or rolled back, and `force` or a reason is missing.
        Tampered: its bytes are not those that were published.
        Conflict: somebody changed the release at the same moment.
    """
    if force and not reason:
        raise InvalidInput("--force needs --reason: the history must say why a version was promoted against its verdict")
    current = _current(store, line)
    history = read_history(store, line)
    if request and (answer := answer_to(request, history)):
        return answer
    _refuse_deleted(line, number, history)
    manifest = read_manifest(store, line, number)
    target = VersionRef(version=number, digest=manifest.digest)
    in_production = current.document.production if current else None
    if in_production != target and not force:
        _refuse_unfit(store, line, number)
    verify_version(store, line, number, manifest)
    if current is not None and in_production == target:
        return current.document
    because = reason or "promoted by hand"
    return _commit(store, line, current, target, in_production, _promotion(current, target, because, now, None, request))


def rollback(
    store: Store, line: LineKeys, reason: str, now: datetime, *, leaving: int | None = None, request: str | None = None
) -> Release:
    """Go back to what was in production before, at once; its bytes are verified afterwards.

    Args:
        leaving: only if this version is in production; None: whatever is.
        request: identity of the request for it; one that has been carried out is not carried out again.

    Raises:
        InvalidInput: there is nothing to go back to.
        Tampered: the previous version's manifest is not the one that was released (nothing changed), or its bytes are
            not those that were published (it is in production all the same: promote another one).
        Conflict: somebody changed the release at the same moment.
    """
    current = _current(store, line)
    history = read_history(store, line)
    if request and (answer := answer_to(request, history)):
        return answer
    if current is None or current.document.production is None:
        raise InvalidInput(
            f"{line.model} has nothing in production in namespace {line.namespace}, so there is nothing to roll back"
        )
    production = current.document.production.version
    if leaving not in (None, production):
        raise InvalidInput(f"{line.model} v{leaving} is not in production, v{production} is: roll that one back, if it is meant")
    target = current.document.previous
    if target is None:
        raise InvalidInput(
            f"{line.model} v{production} has no version before it to roll back to; "
            f"promote another one: embtune promote {line.model}@N"
        )
    manifest = checked_manifest(store, line, target)
    before = previous_of(history, target.version, production)
    transition = Transition(
        kind="Rollback",
        from_version=production,
        to_version=target.version,
        reason=reason or "rolled back by hand",
        request=request,
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


def retire(store: Store, line: LineKeys, number: int, reason: str, now: datetime) -> Release:
    """Say that a version is about to be deleted: from now on nothing can bring it into production. Done once.

    Whoever is promoting it at this moment finds the release changed, looks again, and is refused.

    Raises:
        InvalidInput: it is in production.
        Conflict: somebody changed the release at the same moment.
    """
    current = _current(store, line)
    history = read_history(store, line)
    if current is not None and was_deleted(number, history):
        return current.document
    before = current.document if current else None
    production, previous, canary = (before.production, before.previous, before.canary) if before else (None, None, None)
    if production is not None and production.version == number:
        raise InvalidInput(
            f"{line.model} v{number} is in production, so its files are not deleted: promote another version or roll back first, "
            f"or keep the files (deletionPolicy: Retain)"
        )
    if previous is not None and previous.version == number:
        previous = previous_of(history, production.version if production else None, number)
    transition = Transition(kind="Delete", from_version=None, to_version=number, reason=reason, at=now)
    return _commit(
        store, line, current, production, previous, transition, None if canary and canary.version == number else canary
    )


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
    production: VersionRef | None,
    previous: VersionRef | None,
    transition: Transition,
    canary: VersionRef | None = None,
) -> Release:
    seq = current.document.seq + 1 if current else 1
    release = Release(seq=seq, production=production, previous=previous, canary=canary, transition=transition)
    if not documents.swap(store, line.release, release, current.tag if current else None):
        raise Conflict(
            f"somebody else changed the release of {line.model} at the same moment: see `embtune history {line.model}`"
        )
    complete_history(store, line, release)
    return release


def _promotion(
    current: CurrentRelease | None,
    target: VersionRef,
    reason: str,
    now: datetime,
    job_uid: str | None,
    request: str | None = None,
) -> Transition:
    in_production = current.document.production if current else None
    return Transition(
        kind="Promote",
        from_version=in_production.version if in_production else None,
        to_version=target.version,
        reason=reason,
        job_uid=job_uid,
        request=request,
        at=now,
    )


def _refuse_deleted(line: LineKeys, number: int, history: Sequence[Release]) -> None:
    if was_deleted(number, history):
        raise InvalidInput(f"{line.model} v{number} was deleted: its files are gone, and no version gets its number again")


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
