"""What is said of a stored object that the models refuse: one that came by another version's rules."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from embtune_operator.cluster import Event
from embtune_operator.documents import Document
from embtune_operator.faults import faults_of
from embtune_operator.kube.errors import AlreadyExists, Unreachable
from embtune_operator.kube.kinds import EVENT, FINETUNEJOB
from embtune_operator.kube.notes import about, build_event
from embtune_operator.pipeline.conditions import shortened
from embtune_operator.service.queue import Key

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from embtune_operator.kube.api import KubeApi, Object
    from embtune_operator.kube.kinds import Kind

log = logging.getLogger(__name__)
_WRONG_TYPES = "typed live object"
"""In the answer of an API server that cannot apply to an object, because its fields have other types than its definition."""


async def tell_unreadable(api: KubeApi, kind: Kind, model: type[BaseModel], body: Object, error: ValidationError) -> None:
    """Write a Failed condition that names the fields, unless it is there already; an Event where no status can be written."""
    metadata = body["metadata"]
    message = _message(model, body, error)
    before = (body.get("status") or {}).get("conditions") or []
    if any(c["type"] == "Failed" and c["status"] == "True" and c["message"] == message for c in before):
        return
    failed = {
        "type": "Failed",
        "status": "True",
        "reason": "InvalidObject",
        "message": message,
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    said: dict[str, Any] = {"observedGeneration": metadata.get("generation", 0), "conditions": [failed]}
    if kind == FINETUNEJOB:
        said["phase"] = "Failed"
    names = {"name": metadata["name"], "namespace": metadata["namespace"]}
    key = Key(kind.kind, metadata["namespace"], metadata["name"])
    try:
        await api.apply_status(kind, {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": names, "status": said})
    except Unreachable as error:  # 500: its types are wrong too, and the API server takes no status of such an object
        if _WRONG_TYPES not in str(error):
            raise
        await _tell_by_event(api, kind, metadata, message)
    log.warning("%s", message, extra={"resource": key})


async def _tell_by_event(api: KubeApi, kind: Kind, metadata: Object, message: str) -> None:
    with suppress(AlreadyExists):
        event = Event("InvalidObject", message, failure=True)
        await api.create(EVENT, build_event(about(kind, metadata), event, datetime.now(UTC)))


def _message(model: type[BaseModel], body: Object, error: ValidationError) -> str:
    found = faults_of(error, model, Document(body, {(): 1}))
    faults = "; ".join(f"{fault.field}: {fault.message}" for fault in found)
    return shortened(f"This object breaks the rules of the embtune that runs here: {faults}. Make it again with valid fields.")
