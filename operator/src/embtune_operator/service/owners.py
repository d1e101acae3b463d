"""Settings of each namespace: in whose name lines are written there."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from embtune_api.documents.publish import Owner
from embtune_operator.kube.errors import Missing
from embtune_operator.kube.kinds import NAMESPACE
from embtune_operator.settings import Settings

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi
    from embtune_operator.kube.platform import Platform

REMEMBERED_SECONDS = 60.0
"""A namespace that was deleted and made again has another uid, and must not write the lines of the old one for long."""


@dataclass
class Owners:
    api: KubeApi
    platform: Platform
    _cluster: str = ""
    _settings: dict[str, tuple[float, Settings]] = field(default_factory=dict)
    """By namespace, with the time at which they were made."""

    async def settings(self, namespace: str) -> Settings:
        """Raises Missing when there is no such namespace (any more)."""
        made_at, known = self._settings.get(namespace, (0.0, None))
        if known is None or time.monotonic() > made_at + REMEMBERED_SECONDS:
            known = await self._make(namespace)
            self._settings[namespace] = (time.monotonic(), known)
        return known

    async def _make(self, namespace: str) -> Settings:
        platform = self.platform
        self._cluster = self._cluster or platform.cluster or await self._uid("kube-system")
        return Settings(
            store=platform.store.uri,
            owner=Owner(cluster=self._cluster, namespace_uid=await self._uid(namespace)),
            max_attempts=platform.max_attempts,
            poll_seconds=platform.poll_seconds,
            backoff_seconds=platform.backoff_seconds,
            stall_seconds=platform.stall_seconds,
            start_grace_seconds=platform.start_grace_seconds,
        )

    async def _uid(self, namespace: str) -> str:
        found = await self.api.get(NAMESPACE, None, namespace)
        if found is None:
            raise Missing(f"There is no namespace {namespace}: it has been deleted.")
        return str(found["metadata"]["uid"])
