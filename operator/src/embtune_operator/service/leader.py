"""Leadership: which of several operators works, by a Lease in the cluster.

Each process trusts its own monotonic clock alone. A leader leads for less time than a follower waits, counted from an
earlier moment: so a leader that was stopped, or cut off, knows that it leads no longer before another one begins. What it
had on the wire by then is harmless: children have deterministic names, and the store swaps by comparison.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import socket
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from embtune_operator.cluster import ClusterError
from embtune_operator.kube.errors import AlreadyExists, Conflict, Missing
from embtune_operator.kube.kinds import LEASE

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_operator.kube.api import KubeApi, Object

log = logging.getLogger(__name__)
LEASE_NAME = "embtune-operator"
_LEADS_FOR = 0.8
"""Of the lease's time, counted from before the renewal was sent."""
_RENEWS_EVERY = 1 / 3
_APART = 0.2
"""Seconds, at most, between two followers that wait for the same moment."""


@dataclass
class AlwaysLeader:
    """Where leader election is off: deterministic names and the store's swaps are all that keeps two operators apart."""

    changed: Callable[[], None] = lambda: None

    def still(self) -> bool:
        return True

    async def run(self) -> None:
        """Lead, until cancelled."""
        self.changed()
        await asyncio.Event().wait()

    async def release(self) -> None:
        """There is nothing to give back."""


@dataclass
class Leader:
    """One candidate. `run` in the background; ask `still` before every write.

    Args:
        changed: told whenever leadership has come or gone.
    """

    api: KubeApi
    namespace: str
    seconds: float
    changed: Callable[[], None] = lambda: None
    identity: str = field(default_factory=lambda: f"{socket.gethostname()}_{os.getpid()}_{uuid.uuid4().hex[:8]}")
    clock: Callable[[], float] = time.monotonic
    _until: float = 0.0
    """Leads until then, by our clock."""
    _seen: Object | None = None
    """The Lease as it was last read or written."""
    _seen_at: float = 0.0
    """When it was first seen to be so."""
    _led: bool = False

    def still(self) -> bool:
        """Whether this process leads at this moment. From any thread."""
        return self.clock() < self._until

    async def run(self) -> None:
        """Renew, or wait for the lease to become free, until cancelled."""
        while True:
            await self.turn()
            await asyncio.sleep(self.pause())

    async def turn(self) -> None:
        """One look at the lease: renew it, take it if it is free, or leave it to its holder."""
        self._tell()
        try:
            async with asyncio.timeout(self.seconds * _RENEWS_EVERY):
                await self._renew_or_take()
        except (ClusterError, TimeoutError) as error:
            log.warning("the lease could not be read or renewed: %s", error or "no answer in time")
            if self._led:
                self._seen = None  # the answer may be lost, and the write not
        self._tell()

    async def release(self) -> None:
        """Give the lease to whoever wants it, at once."""
        if not self.still() or self._seen is None:
            return
        self._until = 0.0
        try:
            await self._write(self._seen, {"holderIdentity": "", "leaseDurationSeconds": 1, "renewTime": _micro_time()})
        except ClusterError as error:
            log.warning("the lease could not be given back, and runs out by itself: %s", error)

    async def _renew_or_take(self) -> None:
        began = self.clock()
        lease = self._seen if self._led and self._seen else await self._look()
        try:
            if lease is None:
                self._note(await self._create(), began)
            elif self._holder(lease) == self.identity or self._is_free(lease):
                self._note(await self._take(lease), began)
        except (Conflict, AlreadyExists, Missing):
            self._seen = None  # somebody was first, and may be the one who leads
            await self._look()

    async def _look(self) -> Object | None:
        lease = await self.api.get(LEASE, self.namespace, LEASE_NAME)
        if lease is None or self._seen is None or _version(lease) != _version(self._seen):
            self._seen, self._seen_at = lease, self.clock()
        return lease

    def _is_free(self, lease: Object) -> bool:
        """Nobody holds it, or whoever does has not renewed it for its time, as seen from here."""
        return not self._holder(lease) or self.clock() >= self._free_at(lease)

    def _free_at(self, lease: Object) -> float:
        held_for: float = lease["spec"].get("leaseDurationSeconds") or self.seconds
        return self._seen_at + held_for

    def _note(self, lease: Object, began: float) -> None:
        self._seen, self._seen_at = lease, self.clock()
        self._until = began + self.seconds * _LEADS_FOR

    async def _create(self) -> Object:
        metadata = {"name": LEASE_NAME, "namespace": self.namespace}
        spec = self._held() | {"acquireTime": _micro_time(), "leaseTransitions": 0}
        return await self.api.create(
            LEASE, {"apiVersion": LEASE.api_version, "kind": LEASE.kind, "metadata": metadata, "spec": spec}
        )

    async def _take(self, lease: Object) -> Object:
        """Renew it, or take it over."""
        spec = self._held()
        if self._holder(lease) != self.identity:
            spec |= {"acquireTime": _micro_time(), "leaseTransitions": (lease["spec"].get("leaseTransitions") or 0) + 1}
        return await self._write(lease, spec)

    async def _write(self, lease: Object, spec: dict[str, Any]) -> Object:
        patch = {"metadata": {"resourceVersion": _version(lease)}, "spec": spec}
        return await self.api.merge(LEASE, self.namespace, LEASE_NAME, patch)

    def _held(self) -> dict[str, Any]:
        return {"holderIdentity": self.identity, "leaseDurationSeconds": int(self.seconds), "renewTime": _micro_time()}

    def _tell(self) -> None:
        if self.still() != self._led:
            self._led = not self._led
            log.info("leads now" if self._led else "leads no longer")
            self.changed()

    def pause(self) -> float:
        """Seconds until the next look: a third of the lease's time, but not beyond the end of our own leadership, nor of the
        holder's, should it have died.
        """
        pause = self.seconds * _RENEWS_EVERY * random.uniform(0.9, 1.0)
        if self._led and self._seen is None:  # a renewal failed: there is little time left
            return min(pause, 1.0)
        if not self._led and self._seen and (left := self._free_at(self._seen) - self.clock()) > 0:
            return min(pause, left + random.uniform(0.0, _APART))
        return pause

    @staticmethod
    def _holder(lease: Object) -> str:
        return lease["spec"].get("holderIdentity") or ""


def _version(lease: Object) -> str:
    return str(lease["metadata"]["resourceVersion"])


def _micro_time() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
