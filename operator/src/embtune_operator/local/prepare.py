"""Drives one job on this machine as far as its data is prepared, and no further."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_operator.local.drive import stop, wait
from embtune_operator.pipeline.apply import act, show
from embtune_operator.pipeline.conditions import find
from embtune_operator.pipeline.decide import decide
from embtune_operator.pipeline.memory import Memory
from embtune_operator.pipeline.observe import observe
from embtune_operator.pipeline.plan import make_plan
from embtune_operator.pipeline.resolve import resolve_prepared

if TYPE_CHECKING:
    from embtune_api.resources import FineTuneJob
    from embtune_operator.local.cluster import LocalCluster
    from embtune_operator.local.drive import Interrupts
    from embtune_operator.pipeline.plan import Plan
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store


async def prepare(job: FineTuneJob, settings: Settings, store: Store, cluster: LocalCluster, interrupts: Interrupts) -> Plan:
    """The pipeline's own steps up to the training, which the plan that is returned has a request for. A job that was prepared
    before, or trained, is not prepared again.

    Raises:
        Interrupted: Ctrl-C.
        InvalidInput: the data or the job is wrong, in the words of `prepare`; or the job is suspended.
        EmbtuneError: `prepare` failed.
        StoreError: the store could not be read or written.
    """
    memory = Memory()
    while True:
        cluster.changed.clear()
        resolved = await asyncio.to_thread(resolve_prepared, job, settings, store, memory.readings)
        plan = make_plan(job, resolved, settings)
        if resolved.prepared:
            return plan
        now = datetime.now(UTC)
        decision = decide(plan, await observe(plan, cluster, store, memory.stalls, None), now)
        decision = await act(decision, settings, cluster, store, now)
        await show(decision, cluster)
        job = job.model_copy(update={"status": decision.status})
        _refuse_end(job)
        await wait(cluster, interrupts, decision.requeue_after or 0.0)
        if interrupts.first.is_set():
            await stop(job, cluster, interrupts)


def _refuse_end(job: FineTuneJob) -> None:
    status = job.status
    assert status
    if suspended := find(status.conditions, "Suspended"):
        raise InvalidInput(f"{job.metadata.name} is suspended, so nothing runs: {suspended.message}")
    if failed := find(status.conditions, "Failed"):
        raise InvalidInput(failed.message) if failed.reason == "InvalidInput" else EmbtuneError(failed.message)
