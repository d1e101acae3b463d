"""A job's file into the cluster, and its way through it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from embtune_api.errors import InvalidInput
from embtune_api.resources import FineTuneJob
from embtune_operator.cluster import Event
from embtune_operator.kube.errors import AlreadyExists, Invalid, Missing
from embtune_operator.kube.kinds import FINETUNEJOB
from embtune_operator.pipeline.conditions import find

if TYPE_CHECKING:
    from embtune_api.status import FineTuneJobStatus
    from embtune_operator.kube.api import KubeApi
    from embtune_operator.view.progress import View

LOOK_SECONDS = 1.0
_CHANGEABLE = ("suspend", "ttlSecondsAfterFinished")


async def submit(api: KubeApi, job: FineTuneJob, namespace: str) -> str:
    """Create the job, or find that it is there already; says in a word which.

    Raises:
        InvalidInput: the API server refuses it, or there is another job of that name.
    """
    body = job.model_dump(mode="json", by_alias=True, exclude_unset=True)
    body["metadata"]["namespace"] = namespace
    try:
        await api.create(FINETUNEJOB, body)
    except AlreadyExists:
        return await _update(api, job, namespace)
    except Invalid as refusal:
        raise InvalidInput(str(refusal)) from None
    except Missing as error:
        raise InvalidInput(
            f"{error}. Either there is no namespace {namespace}, or embtune is not installed here: see `embtune doctor`"
        ) from None
    return "created"


async def _update(api: KubeApi, job: FineTuneJob, namespace: str) -> str:
    """Of a job that is there, only what may change is changed."""
    there = await read_job(api, namespace, job.metadata.name)
    changeable = {"suspend", "ttl_seconds_after_finished"}
    if there.spec.model_dump(exclude=changeable) != job.spec.model_dump(exclude=changeable):
        raise InvalidInput(
            f"there is a FineTuneJob {job.metadata.name} in {namespace} already, with another spec, and that does not change: "
            "choose a new metadata.name, or delete the old job (its versions stay)"
        )
    if there.spec == job.spec:
        return "unchanged"
    spec: dict[str, Any] = job.spec.model_dump(mode="json", by_alias=True)
    await api.merge(FINETUNEJOB, namespace, job.metadata.name, {"spec": {name: spec[name] for name in _CHANGEABLE}})
    return "configured"


async def read_job(api: KubeApi, namespace: str, name: str) -> FineTuneJob:
    """Raises InvalidInput when there is none."""
    found = await api.get(FINETUNEJOB, namespace, name)
    if found is None:
        raise InvalidInput(f"there is no FineTuneJob {name} in namespace {namespace}: see `kubectl get ftj -A`")
    return FineTuneJob.model_validate(found)


async def watch(api: KubeApi, namespace: str, name: str, view: View) -> FineTuneJob:
    """Show the job's way until it has finished or failed."""
    told: set[tuple[str, str, str]] = set()
    while True:
        job = await read_job(api, namespace, name)
        if job.status:
            _show(job.status, view, told)
            if find(job.status.conditions, "Complete") or find(job.status.conditions, "Failed"):
                return job
        await asyncio.sleep(LOOK_SECONDS)


def _show(status: FineTuneJobStatus, view: View, told: set[tuple[str, str, str]]) -> None:
    view.show(status)
    for condition in status.conditions:
        known = (condition.type, condition.reason, condition.message)
        if known not in told:
            told.add(known)
            view.tell(Event(condition.type, f"{condition.type}: {condition.message}", failure=condition.type == "Failed"))
