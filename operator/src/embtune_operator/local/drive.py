"""Drives one job to its end on this machine: reconcile, wait, reconcile."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn

from embtune_api.errors import EmbtuneError, Exit, StoreDenied, StoreError, StoreFull
from embtune_operator.cluster import Event
from embtune_operator.pipeline.reconcile import reconcile
from embtune_operator.pipeline.surroundings import Surroundings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embtune_api.resources import FineTuneJob
    from embtune_operator.local.cluster import LocalCluster
    from embtune_operator.settings import Settings
    from embtune_store.protocol import Store

GRACE_SECONDS = 60.0
"""What a training has to save a checkpoint after Ctrl-C."""
_STORE_FAILURES = 5
"""Passes in a row that may fail to reach the store while a step works."""
_NOTHING_TO_DO_HERE = frozenset({"Succeeded", "Failed", "Suspended"})
"""Phases whose later moves (a TTL, a deadline, a wish) are a cluster's."""


class Interrupted(EmbtuneError):
    """A person or the system asked `embtune run` to end."""

    exit_code = Exit.INTERRUPTED


@dataclass
class Interrupts:
    """Ctrl-C, once and twice."""

    first: asyncio.Event = field(default_factory=asyncio.Event)
    second: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self) -> None:
        (self.second if self.first.is_set() else self.first).set()

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in signals:
            loop.add_signal_handler(number, self.note)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


async def drive(job: FineTuneJob, settings: Settings, store: Store, cluster: LocalCluster, interrupts: Interrupts) -> FineTuneJob:
    """Run a job until nothing more will happen by itself; returns it with its last status.

    Raises:
        Interrupted: Ctrl-C; a training has saved a checkpoint, unless it was asked twice.
        StoreError: the store could not be read or written.
    """
    failures = 0
    while True:
        cluster.changed.clear()
        try:
            # A memory of its own each time: a run that was stopped by Ctrl-Z and goes on has not stalled.
            around = Surroundings(settings, cluster, store, lambda: datetime.now(UTC))
            decision = await reconcile(job, around)
            failures = 0
        except StoreError as error:
            failures += 1
            if isinstance(error, StoreDenied | StoreFull) or failures >= _STORE_FAILURES:
                raise
            await wait(cluster, interrupts, settings.poll_seconds)
        else:
            job = job.model_copy(update={"status": decision.status})
            if decision.requeue_after is None or decision.status.phase in _NOTHING_TO_DO_HERE:
                return job
            await wait(cluster, interrupts, decision.requeue_after)
        if interrupts.first.is_set():
            await stop(job, cluster, interrupts)


async def wait(cluster: LocalCluster, interrupts: Interrupts, seconds: float) -> None:
    """Until the time is over, a child has ended, or somebody pressed Ctrl-C."""
    waiting = {asyncio.create_task(event.wait()) for event in (cluster.changed, interrupts.first)}
    await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


async def stop(job: FineTuneJob, cluster: LocalCluster, interrupts: Interrupts) -> NoReturn:
    """End what runs, a training with a checkpoint, and say so first. Always raises Interrupted."""
    training = job.status is not None and job.status.phase == "Training"
    doing = "saving a checkpoint, then stopping" if training else "stopping"
    await cluster.tell(job, Event("Stopping", f"{doing}; Ctrl-C again ends now"))
    orderly = await cluster.stop(GRACE_SECONDS, interrupts.second)
    lost = "" if orderly else " The running step was ended at once: it goes on from its last checkpoint."
    raise Interrupted(f"{job.metadata.name} was interrupted; what is done is kept, and the same command continues.{lost}")
