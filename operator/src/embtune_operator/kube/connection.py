"""The HTTP connection to an API server: bytes in and out, with a time limit and retries. `api` makes objects of them.

Addresses, TLS, tokens and their refresh are the Kubernetes client's; its models are left out, since they cost memory and
time.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.request import getproxies_environment

import aiohttp
import yaml
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from embtune_operator.cluster import ClusterError
from embtune_operator.kube.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PAUSES = (0.2, 0.8, 2.5)
"""Seconds between the tries of one call."""
LONGEST_PAUSE = 5.0
"""However long the server asks us to wait: the caller has its own queue to wait in."""
CONNECT_SECONDS = 5.0
_TRANSIENT = frozenset({408, 429, 500, 502, 503, 504})


@dataclass
class Connection:
    client: ApiClient
    _refresh: asyncio.Task[None] | None = field(default=None)

    async def close(self) -> None:
        if self._refresh:
            self._refresh.cancel()
            await asyncio.gather(self._refresh, return_exceptions=True)
        await self.client.close()

    async def request(
        self, method: str, path: str, *, seconds: float, query: str = "", body: Any = None, content: str = "application/json"
    ) -> tuple[int, bytes]:
        """Status and body of the answer. Every call may be made more than once: its repetition must do no harm.

        Raises:
            Unreachable: no answer, however often it was tried.
        """
        for pause in (*PAUSES, None):
            try:
                status, answer, wanted = await self._once(method, path + query, seconds, body, content)
                if status not in _TRANSIENT or pause is None:
                    return status, answer
            except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
                if pause is None:
                    raise Unreachable(self._no_answer(method, path, error)) from error
                wanted = 0.0
            await asyncio.sleep(min(max(wanted, pause * random.uniform(0.5, 1.5)), LONGEST_PAUSE))
        raise AssertionError("the last try returns or raises")

    async def authorize(self, headers: dict[str, str]) -> None:
        """Add the token, as it is now, where a token is what one has; a certificate belongs to the connection."""
        await self.client.update_params_for_auth(headers, [], ["BearerToken"], "/", "GET", None)

    async def _once(self, method: str, path: str, seconds: float, body: Any, content: str) -> tuple[int, bytes, float]:
        """Status, body, and how long the server wants us to wait before we ask again."""
        headers = {**self.client.default_headers, "Accept": "application/json", "Content-Type": content}
        await self.authorize(headers)
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS)
        url = f"{self.client.configuration.host}{path}"
        response = await self.client.rest_client.request(method, url, headers=headers, body=body, _request_timeout=timeout)
        answer = await response.read()
        return response.status, answer, _seconds(response.headers)

    def _no_answer(self, method: str, path: str, error: BaseException) -> str:
        return (
            f"The API server {self.client.configuration.host} does not answer {method} {path}: {error or type(error).__name__}; "
            "check that it is up and that its address is the right one"
        )


async def connect(kubeconfig: Path | None, context: str | None) -> Connection:
    """As `kubectl` finds its cluster, but inside a pod with the pod's own service account.

    Raises:
        ClusterError: there is no usable configuration.
    """
    configuration, loader = Configuration(), None
    try:
        if kubeconfig is None and context is None and _in_a_pod():
            config.load_incluster_config(client_configuration=configuration)
        else:
            file = str(kubeconfig) if kubeconfig else None
            loader = await config.load_kube_config(
                config_file=file, context=context, client_configuration=configuration, persist_config=False
            )
    except (config.ConfigException, yaml.YAMLError, OSError) as error:
        raise ClusterError(f"No cluster to talk to: {error}; name a kubeconfig file with a current context") from error
    if not getproxies_environment():  # the session would ask a thread for proxies and passwords before each request
        configuration.client_session_kwargs = {"trust_env": False}
    client = ApiClient(configuration)
    client.user_agent = "embtune"
    refresh = asyncio.create_task(config.refresh_token(loader, configuration)) if loader else None
    return Connection(client, refresh)


def _in_a_pod() -> bool:
    return "KUBERNETES_SERVICE_HOST" in os.environ and "KUBECONFIG" not in os.environ


def _seconds(headers: Mapping[str, str]) -> float:
    with contextlib.suppress(ValueError):
        return float(headers.get("Retry-After", 0))
    return 0.0  # a date
