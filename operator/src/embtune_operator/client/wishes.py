"""Wishes: the annotation `embtune.dev/request`, and what the operator answers."""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import TYPE_CHECKING

from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_api.status import LastRequest
from embtune_api.wish import ANNOTATION, LONGEST_REASON, Wish, parse_wish

if TYPE_CHECKING:
    from embtune_api.wish import Action
    from embtune_operator.kube.api import KubeApi
    from embtune_operator.kube.kinds import Kind

PATIENCE_SECONDS = 60.0
_LOOK_SECONDS = 0.5


async def wish(
    api: KubeApi, kind: Kind, namespace: str, name: str, action: Action, reason: str, patience: float = PATIENCE_SECONDS
) -> LastRequest:
    """Ask for something, and wait for what becomes of it.

    Raises:
        InvalidInput: the reason is too long, there is no such object, or the operator refuses.
        EmbtuneError: no answer in time; the wish stays, and is handled when the operator is back.
    """
    if await api.get(kind, namespace, name) is None:
        raise InvalidInput(
            f"there is no {kind.kind} {name} in namespace {namespace}: see `kubectl get {kind.plural} -n {namespace}`"
        )
    value = _value(action, reason)
    await api.merge(kind, namespace, name, {"metadata": {"annotations": {ANNOTATION: value}}})
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = await api.get(kind, namespace, name) or {}
        answer = (found.get("status") or {}).get("lastRequest")
        if answer and answer["value"] == value:
            said = LastRequest.model_validate(answer)
            if said.outcome == "Refused":
                raise InvalidInput(said.message)
            if said.outcome == "Done":
                return said
        await asyncio.sleep(_LOOK_SECONDS)
    raise EmbtuneError(
        f"{action} of {name} was asked for, but the operator has not answered in {patience:.0f} s. The wish stays, "
        "and is handled when it does: see `embtune doctor`"
    )


def _value(action: Action, reason: str) -> str:
    """As the operator reads it, and echoes it in its answer."""
    value = str(Wish(action, secrets.token_hex(4), reason.strip()))
    try:
        parse_wish(value)
    except ValueError:
        long = f"--reason has {len(reason.strip())} characters: a request takes {LONGEST_REASON}, so shorten it"
        raise InvalidInput(long) from None
    return value
