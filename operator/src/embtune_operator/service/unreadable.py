"""What is said of a stored object that the models refuse: one that came by another version's rules."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from embtune_operator.documents import Document
from embtune_operator.faults import faults_of
from embtune_operator.kube.kinds import FINETUNEJOB
from embtune_operator.service.queue import Key

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

    from embtune_operator.kube.api import KubeApi, Object
    from embtune_operator.kube.kinds import Kind

log = logging.getLogger(__name__)
_LONGEST = 2048


async def tell_unreadable(api: KubeApi, kind: Kind, model: type[BaseModel], body: Object, error: ValidationError) -> None:
    """Write a Failed condition that names the fields, unless it is there already."""
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
    log.warning("%s", message, extra={"resource": Key(kind.kind, metadata["namespace"], metadata["name"])})
    await api.apply_status(kind, {"apiVersion": kind.api_version, "kind": kind.kind, "metadata": names, "status": said})


def _message(model: type[BaseModel], body: Object, error: ValidationError) -> str:
    found = faults_of(error, model, Document(body, {(): 1}))
    faults = "; ".join(f"{fault.field}: {fault.message}" for fault in found)
    return f"This object breaks the rules of the embtune that runs here: {faults}. Make it again with valid fields."[:_LONGEST]
