"""The HTTP session that kopf watches with: found as `kube.connection` finds the cluster, and listened to by `Watches`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import kopf

from embtune_operator.cluster import ClusterError
from embtune_operator.kube.connection import CONNECT_SECONDS, connect

if TYPE_CHECKING:
    from pathlib import Path

    from embtune_operator.service.watches import Watches

LEAST_SECONDS = 5.0
"""Between two logins: refused credentials are not tried again at once, for ever."""


@dataclass
class Login:
    """Logs in anew whenever kopf asks for it, which it does when the API server says 401: a token has been replaced."""

    kubeconfig: Path | None
    context: str | None
    watches: Watches
    _last: float = float("-inf")
    _session: aiohttp.ClientSession | None = None

    async def log_in(self, **_: Any) -> kopf.AiohttpSession:
        if time.monotonic() < self._last + LEAST_SECONDS:
            raise kopf.TemporaryError("the API server refuses these credentials", delay=LEAST_SECONDS)
        self._last = time.monotonic()
        try:
            return await self._log_in()
        except ClusterError as error:
            raise kopf.TemporaryError(str(error), delay=LEAST_SECONDS) from error

    async def close(self) -> None:
        """What is still open of the last login."""
        if self._session:
            await self._session.close()

    async def _log_in(self) -> kopf.AiohttpSession:
        connection = await connect(self.kubeconfig, self.context)
        try:
            client = connection.client
            headers: dict[str, str] = {"User-Agent": "embtune-watch"}
            await connection.authorize(headers)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ssl=client.rest_client.ssl_context),
                headers=headers,
                timeout=aiohttp.ClientTimeout(sock_connect=CONNECT_SECONDS),
                proxy=client.configuration.proxy,
                trace_configs=[self.watches.tracing()],
            )
            return kopf.AiohttpSession(server=client.configuration.host, aiohttp_session=self._session)
        finally:
            await connection.close()
