"""The one sentence of the operator; every trigger calls it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput, Tampered
from embtune_operator.pipeline.apply import apply
from embtune_operator.pipeline.decide import Decision, decide, give_up
from embtune_operator.pipeline.observe import observe
from embtune_operator.pipeline.plan import make_plan
from embtune_operator.pipeline.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from embtune_api.resources import FineTuneJob
    from embtune_operator.cluster import Cluster
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store


async def reconcile(
    job: FineTuneJob, settings: Settings, cluster: Cluster, store: Store, clock: Callable[[], datetime]
) -> Decision:
    """One pass over one job. Running it twice changes nothing.

    Raises:
        StoreError: the store did not answer; try again later.
    """
    try:
        resolved = await asyncio.to_thread(resolve, job, settings, store)
        plan = make_plan(job, resolved, settings)
        seen = await observe(plan, cluster, store)
        decision = decide(plan, seen, clock())
        await apply(decision, cluster, store, clock())
    except (Tampered, InvalidInput) as error:
        decision = give_up(job, type(error).__name__, str(error), clock())
        await apply(decision, cluster, store, clock())
    return decision
