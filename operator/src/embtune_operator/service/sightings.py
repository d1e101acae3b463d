"""Sightings: the little that is kept of an object that a watch has shown."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from embtune_api.resources import EmbeddingModel, FineTuneJob
from embtune_api.wish import ANNOTATION
from embtune_operator.kube import labels
from embtune_operator.kube.kinds import EMBEDDINGMODEL, FINETUNEJOB, JOB, MODELVERSION, POD, PYTORCHJOB
from embtune_operator.lines.hold import hold_for
from embtune_operator.pipeline.hold import Hold
from embtune_operator.pipeline.settled import FINISHED, is_settled
from embtune_operator.service.queue import Key
from embtune_operator.service.stored import read_stored

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable
    from datetime import datetime

    from embtune_operator.kube.api import Object
    from embtune_operator.kube.kinds import Kind

RESOURCES = (FINETUNEJOB, MODELVERSION, EMBEDDINGMODEL)
"""What people write; each has passes of its own."""
CHILDREN = (JOB, PYTORCHJOB, POD)
"""What we make, or what is made of that; a change of one sets off a pass over its owner."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One of `RESOURCES`, as it was last seen."""

    uid: str
    intent: Hashable
    """Changes when somebody wants something else of it; never by our own writes of status."""
    line: str
    """Name of the model that it belongs to."""
    state: str = ""
    """Phase of a job, stage of a version."""
    rests_for: float | None = None
    """Seconds in which nothing is to be done, from when it was seen; `math.inf`: never by itself; None: look at it."""
    number: int | None = None
    """Of a version in its line."""
    hold: Hold | None = None
    """EmbeddingModel: why jobs of the line do not promote."""


@dataclass(frozen=True, slots=True)
class Sighting:
    key: Key
    resource: Resource
    gone: bool
    unread: Object | None = None
    """The object itself, where nobody has worked on it yet: a new job."""


@dataclass(frozen=True, slots=True)
class ChildSighting:
    owner_uid: str
    uid: str
    signature: Hashable
    """Changes when a pass over the owner may come to another conclusion."""
    gone: bool


def sighting_of(kind: Kind, body: dict[str, Any], *, gone: bool, now: datetime) -> Sighting:
    metadata = body["metadata"]
    wish = (metadata.get("annotations") or {}).get(ANNOTATION, "")
    being_deleted = "deletionTimestamp" in metadata
    intent = (metadata["uid"], metadata.get("generation"), wish, being_deleted)
    key = Key(kind.kind, metadata["namespace"], metadata["name"])
    spec, status = body.get("spec") or {}, body.get("status") or {}
    line = str(spec.get("model", ""))
    if kind == FINETUNEJOB:
        resource = Resource(metadata["uid"], intent, line, status.get("phase", "Pending"), _job_rests(body, status, now))
    elif kind == MODELVERSION:
        rests = _version_rests(metadata, status, wish)
        resource = Resource(
            metadata["uid"], intent, line, status.get("stage") or "", rests, status.get("version") or spec.get("version")
        )
    else:
        resource = Resource(metadata["uid"], intent, metadata["name"], hold=_hold(body))
    is_new = kind == FINETUNEJOB and not status and not gone
    return Sighting(key, resource, gone, body if is_new else None)


def child_sighting_of(kind: Kind, body: dict[str, Any], *, gone: bool) -> ChildSighting | None:
    """None: nobody here owns it."""
    metadata = body["metadata"]
    owner = (metadata.get("labels") or {}).get(labels.JOB_UID)
    if not owner:
        return None
    signature = _SIGNATURES[kind.kind](body.get("spec") or {}, body.get("status") or {})
    return ChildSighting(owner, metadata["uid"], (*signature, "deletionTimestamp" in metadata), gone)


def _job_rests(body: dict[str, Any], status: dict[str, Any], now: datetime) -> float | None:
    if status.get("phase") not in FINISHED:
        return None
    try:
        return is_settled(read_stored(FineTuneJob, body), now)
    except ValidationError:
        return None  # the pass says what is wrong with it


def _version_rests(metadata: dict[str, Any], status: dict[str, Any], wish: str) -> float | None:
    """A version that is shown as it is: only a wish, a change of its line, or its end makes work."""
    last = status.get("lastRequest") or {}
    heard = not wish.strip() or (last.get("value") == wish.strip() and last.get("outcome") != "InProgress")
    seen = status.get("observedGeneration") == metadata.get("generation")
    ready = any(c["type"] == "Ready" and c["status"] == "True" for c in status.get("conditions") or [])
    return math.inf if heard and seen and ready and "deletionTimestamp" not in metadata else None


def _hold(body: dict[str, Any]) -> Hold | None:
    try:
        return hold_for(read_stored(EmbeddingModel, body))
    except ValidationError:
        return Hold(f"EmbeddingModel {body['metadata']['name']} cannot be read, and may hold the release")


def _job_signature(spec: dict[str, Any], status: dict[str, Any]) -> tuple[Hashable, ...]:
    return (bool(spec.get("suspend")), status.get("succeeded", 0), status.get("failed", 0), *_true_conditions(status))


def _pytorchjob_signature(_: dict[str, Any], status: dict[str, Any]) -> tuple[Hashable, ...]:
    return _true_conditions(status)


def _pod_signature(_: dict[str, Any], status: dict[str, Any]) -> tuple[Hashable, ...]:
    """That it runs, or has ended well, is seen by whoever polls its progress, or by the end of its Job: three requests to the
    API server for each would tell nobody anything.
    """
    waits = (((c.get("state") or {}).get("waiting") or {}).get("reason", "") for c in status.get("containerStatuses") or [])
    return (status.get("phase") == "Failed", *(reason for reason in waits if reason not in _ORDINARY_WAITS))


_ORDINARY_WAITS = frozenset({"", "ContainerCreating", "PodInitializing"})


def _true_conditions(status: dict[str, Any]) -> tuple[str, ...]:
    return tuple(sorted(c["type"] for c in status.get("conditions") or [] if c["status"] == "True"))


_SIGNATURES: dict[str, Callable[[dict[str, Any], dict[str, Any]], tuple[Hashable, ...]]] = {
    JOB.kind: _job_signature,
    PYTORCHJOB.kind: _pytorchjob_signature,
    POD.kind: _pod_signature,
}
UNTOUCHED: frozenset[Hashable] = frozenset(
    {(False, 0, 0, False), (True, 0, 0, False), (False,), ("Created", False), (False, False)}
)
"""Signatures of children that have only just been made: they say nothing that their maker does not know."""
