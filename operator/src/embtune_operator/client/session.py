"""A short conversation with a cluster, as a command has it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from embtune_operator.kube.api import KubeApi

T = TypeVar("T")


@dataclass(frozen=True)
class Target:
    """Which cluster, and where in it; None: as kubectl would choose."""

    kubeconfig: Path | None = None
    context: str | None = None
    namespace: str | None = None

    @property
    def given(self) -> bool:
        """A cluster was named."""
        return self.kubeconfig is not None or self.context is not None


def talk(target: Target, conversation: Callable[[KubeApi, str], Awaitable[T]]) -> T:
    """Connect, have the conversation, and hang up. It is given the namespace: the one asked for, or the context's.

    Raises:
        ClusterError: there is no cluster to talk to, or it refuses.
    """

    async def connected() -> T:
        from embtune_operator.kube.api import KubeApi

        api = await KubeApi.connect(target.kubeconfig, target.context)
        try:
            return await conversation(api, target.namespace or _namespace_of_context(target))
        finally:
            await api.close()

    return asyncio.run(connected())


def _namespace_of_context(target: Target) -> str:
    from kubernetes.aio import config

    file = str(target.kubeconfig) if target.kubeconfig else None
    contexts, active = config.list_kube_config_contexts(file)
    chosen = next((c for c in contexts if c["name"] == target.context), None) if target.context else active
    return str((chosen or {}).get("context", {}).get("namespace") or "default")
