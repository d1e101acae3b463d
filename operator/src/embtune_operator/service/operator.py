"""The running operator: what is made of what, in which order it starts, and how it ends."""

from __future__ import annotations

import asyncio
import logging
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embtune_operator.kube.api import KubeApi
from embtune_operator.service.fence import Fence, FencedConnection, FencedStore
from embtune_operator.service.gauges import show_gauges
from embtune_operator.service.health import Health, serving
from embtune_operator.service.leader import AlwaysLeader, Leader
from embtune_operator.service.metrics import Metrics
from embtune_operator.service.passes import Passes
from embtune_operator.service.resources import Resources
from embtune_operator.service.triggers import Triggers
from embtune_operator.service.watches import Watches
from embtune_operator.service.watching import Watching
from embtune_operator.service.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from embtune_operator.kube.platform import Platform
    from embtune_store.protocol import Store

log = logging.getLogger(__name__)
FINISH_SECONDS = 20.0
"""What the passes in hand have to finish after SIGTERM."""


@dataclass(frozen=True)
class Place:
    """Where the operator runs, and which cluster it works on."""

    kubeconfig: Path | None
    context: str | None
    namespace: str
    """Where its Lease lies."""


@dataclass
class Operator:
    """One life of it."""

    platform: Platform
    place: Place
    store: Store
    metrics: Metrics = field(default_factory=Metrics)
    resources: Resources = field(default_factory=Resources)
    watches: Watches = field(init=False)

    def __post_init__(self) -> None:
        self.watches = Watches(self.platform.watch_seconds)

    async def run(self) -> bool:
        """Work until SIGTERM or SIGINT. Returns whether everything that was begun has been finished."""
        asked_to_stop = _stop_signals()
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(self.platform.workers + 4, "store"))
        async with AsyncExitStack() as stack:
            health = Health(self.watches)
            ports = serving(health, self.metrics, self.platform.health_port, self.platform.metrics_port)
            await stack.enter_async_context(ports)
            leader = await self._leader(stack)
            workers = Workers(leader, self.platform.workers, self.metrics)
            triggers = Triggers(self.resources, workers.queue)
            leader.changed = lambda: triggers.leads() if leader.still() else triggers.leads_no_longer()
            fence = Fence(leader.still)
            api = await self._api(stack, fence)
            store = FencedStore(self.store, fence, self.metrics)
            passes = Passes.over(api, store, self.platform, triggers, self.metrics, workers.give_way)
            watching = await self._watching(stack, triggers)
            show_gauges(self.metrics, leader, workers.queue, self.resources, self.watches)
            tasks = [_begin(leader.run()), _begin(watching.run()), _begin(workers.run(passes))]
            await _until_stopped(asked_to_stop, tasks)
            log.info("stops: finishes what it has begun, and gives its lease back")
            health.stopping = True
            given_up = await workers.close(FINISH_SECONDS)
            await _end(tasks)
            await leader.release()
            await watching.stop()
            return not given_up

    async def _leader(self, stack: AsyncExitStack) -> Leader | AlwaysLeader:
        if not self.platform.leader_election:
            return AlwaysLeader()
        api = await self._api(stack, None)  # the Lease is what the fence is made of
        return Leader(api, self.place.namespace, self.platform.lease_seconds)

    async def _watching(self, stack: AsyncExitStack, triggers: Triggers) -> Watching:
        api = await self._api(stack, None)
        place, namespaces = self.place, list(self.platform.namespaces)
        return Watching(api, place.kubeconfig, place.context, namespaces, self.watches, self.metrics, triggers.saw)

    async def _api(self, stack: AsyncExitStack, fence: Fence | None) -> KubeApi:
        connection = await FencedConnection.open(self.place.kubeconfig, self.place.context, fence, self.metrics)
        stack.push_async_callback(connection.close)
        return KubeApi(connection)


def _stop_signals() -> asyncio.Event:
    """Set by SIGTERM and SIGINT."""
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def _begin(work: Coroutine[object, object, None]) -> asyncio.Task[None]:
    return asyncio.create_task(work)


async def _until_stopped(stopping: asyncio.Event, tasks: list[asyncio.Task[None]]) -> None:
    """None of the tasks ends by itself; if one does, its error ends the process, and a new one begins."""
    stopped = asyncio.create_task(stopping.wait())
    await asyncio.wait([stopped, *tasks], return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    for task in tasks:
        if task.done():
            task.result()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
