"""One pass over an EmbeddingModel; every trigger calls it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_api.names import DNS_LABEL
from embtune_operator.kube.errors import AlreadyExists, Forbidden, Invalid, Missing
from embtune_operator.kube.kinds import FINETUNEJOB
from embtune_operator.kube.status import write_status
from embtune_operator.lines.pin import Pinned, keep_pin
from embtune_operator.lines.stamp import TEMPLATE_HASH, stamped_job, stamped_of
from embtune_operator.lines.stamping import Stamping, decide_stamping, summary
from embtune_operator.lines.status import status_of
from embtune_operator.versions.requests import last_request, roll_back

if TYPE_CHECKING:
    from embtune_api.line import JobTemplate
    from embtune_api.resources import EmbeddingModel
    from embtune_api.status import LastRequest
    from embtune_api.wish import Wish
    from embtune_operator.world import World

SOON, LATER = 2.0, 300.0
"""Seconds until the next look."""
_NO_TEMPLATE = Stamping(True, "NoTemplate", "jobs of this line are made by hand")


async def reconcile_line(line: EmbeddingModel, world: World) -> float | None:
    """Carry out what Git says about the line. Running it twice changes nothing.

    Returns:
        Seconds until the next look; None: nothing more will happen by itself.

    Raises:
        StoreError: the store did not answer; try again later.
        ClusterError: the API server did not.
    """
    if line.metadata.deletion_timestamp is not None:
        return None
    if fault := _name_fault(line.metadata.name):
        stamping = Stamping(False, "InvalidName", fault)
        await write_status(world.api, line, status_of(line, Pinned(None), stamping, None, world.clock()))
        return None
    before = line.status.last_request if line.status else None
    request = await _answered(line, world)
    pinned = await asyncio.to_thread(keep_pin, _keys(line), line.spec.release.pin, line.metadata.name, world)
    stamping = await _stamped(line, line.spec.template, world) if line.spec.template else _NO_TEMPLATE
    if pinned.changed or request != before:
        world.line_changed(line.metadata.namespace, line.metadata.name)
    await write_status(world.api, line, status_of(line, pinned, stamping, request, world.clock()))
    return _next_look(pinned, stamping)


async def _stamped(line: EmbeddingModel, template: JobTemplate, world: World) -> Stamping:
    """Decide about the jobs of the template and do it; what the API server refuses is told, and tried again later."""
    namespace = line.metadata.namespace
    stamping = decide_stamping(line, template, await world.api.list(FINETUNEJOB, namespace, labels=stamped_of(line)))
    try:
        for job in stamping.delete:
            await world.api.delete(FINETUNEJOB, namespace, job["metadata"]["name"], uid=job["metadata"]["uid"])
        if stamping.create:
            return await _created(line, template, stamping, world)
        if stamping.patch and stamping.latest:
            await world.api.merge(FINETUNEJOB, namespace, stamping.latest.name, stamping.patch)
    except (Invalid, Forbidden) as error:
        latest = None if stamping.create else stamping.latest
        return replace(stamping, ready=False, reason="TemplateRefused", message=str(error), latest=latest)
    except Missing:
        return replace(stamping, ready=False, reason="JobGoing", message="the job of the template was deleted just now")
    return stamping


async def _created(line: EmbeddingModel, template: JobTemplate, stamping: Stamping, world: World) -> Stamping:
    body = stamped_job(line, template)
    try:
        await world.api.create(FINETUNEJOB, body)
    except AlreadyExists:
        metadata = body["metadata"]
        found = await world.api.get(FINETUNEJOB, metadata["namespace"], metadata["name"])
        carried = (found["metadata"].get("labels") or {}) if found else {}
        if found is None or carried.get(TEMPLATE_HASH) == metadata["labels"][TEMPLATE_HASH]:
            return replace(stamping, latest=summary(found) if found else None)
        message = f"a FineTuneJob called {metadata['name']} is there, which was not made from this template: delete or rename it"
        return replace(stamping, reason="NameTaken", message=message, latest=None)
    return stamping


async def _answered(line: EmbeddingModel, world: World) -> LastRequest | None:
    return await last_request(line, ("rollback",), lambda wish, identity: _roll_back(line, wish, identity, world), world)


def _roll_back(line: EmbeddingModel, wish: Wish, identity: str, world: World) -> str:
    pin = line.spec.release.pin
    if pin is not None:
        raise InvalidInput(f"release.pin is {pin}, and a pin wins over requests: change or remove it")
    return roll_back(_keys(line), wish, identity, world)


def _next_look(pinned: Pinned, stamping: Stamping) -> float | None:
    if pinned.reason == "PinDelayed" or stamping.reason == "JobGoing":
        return SOON
    return None if stamping.ready and not pinned.reason else LATER


def _keys(line: EmbeddingModel) -> LineKeys:
    return LineKeys(line.metadata.namespace, line.metadata.name)


def _name_fault(name: str) -> str:
    """Its name is the line's, and a line's name is a DNS label."""
    if len(name) <= 63 and re.fullmatch(DNS_LABEL, name) and name != "jobs":
        return ""
    return (
        f"{name} cannot be the name of a line: give the EmbeddingModel a name of at most 63 letters, digits and -, but not jobs"
    )
