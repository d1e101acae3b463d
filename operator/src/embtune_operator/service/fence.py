"""The fence around everything that writes: only the leader passes, and every request is counted on the way."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from embtune_api.errors import EmbtuneError, NotFound, StoreError
from embtune_operator.kube.connection import Connection, connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from embtune_operator.service.metrics import Metrics
    from embtune_store.protocol import Store, StoredObject, Tagged, Written

_READS = frozenset({"GET", "HEAD"})


class NotLeading(EmbtuneError):
    """Another operator leads: what was going to be written is its business."""


@dataclass(frozen=True)
class Fence:
    still: Callable[[], bool]
    """Whether this process leads; may be asked from any thread."""

    def check(self, what: str) -> None:
        if not self.still():
            raise NotLeading(f"{what}: left undone, since another operator leads now")


@dataclass
class FencedConnection(Connection):
    """A connection to the API server that writes only while `fence` lets it; None: always."""

    fence: Fence | None = None
    metrics: Metrics | None = None

    @classmethod
    async def open(cls, kubeconfig: Path | None, context: str | None, fence: Fence | None, metrics: Metrics) -> Self:
        connection = await connect(kubeconfig, context)
        return cls(connection.client, connection._refresh, fence, metrics)

    async def _once(self, method: str, path: str, seconds: float, body: Any, content: str) -> tuple[int, bytes, float]:
        if self.fence and method not in _READS:
            self.fence.check(f"{method} {path}")
        began, code = time.monotonic(), "none"
        try:
            answer = await super()._once(method, path, seconds, body, content)
            code = str(answer[0])
        finally:
            if self.metrics:
                self.metrics.api_requests.labels(method, code).inc()
                self.metrics.api_seconds.labels(method).observe(time.monotonic() - began)
        return answer


@dataclass(frozen=True)
class FencedStore:
    """A store that is written only while `fence` lets it."""

    inner: Store
    fence: Fence
    metrics: Metrics

    @property
    def uri(self) -> str:
        return self.inner.uri

    def get(self, key: str) -> bytes:
        with self._request("get"):
            return self.inner.get(key)

    def get_tagged(self, key: str) -> Tagged | None:
        with self._request("get"):
            return self.inner.get_tagged(key)

    def put(self, key: str, data: bytes) -> None:
        with self._write("put", key):
            self.inner.put(key, data)

    def create(self, key: str, data: bytes) -> bool:
        with self._write("create", key):
            return self.inner.create(key, data)

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        with self._write("swap", key):
            done = self.inner.swap(key, data, expected)
        if done:
            self.metrics.note_release(key, data)
        return done

    def exists(self, key: str) -> bool:
        with self._request("exists"):
            return self.inner.exists(key)

    def chunks(self, key: str) -> Iterator[bytes]:
        with self._request("read"):
            yield from self.inner.chunks(key)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        with self._request("list"):
            yield from self.inner.list(prefix)

    def delete(self, key: str) -> None:
        with self._write("delete", key):
            self.inner.delete(key)

    def upload(self, path: Path, key: str) -> Written:
        with self._write("upload", key):
            return self.inner.upload(path, key)

    def download(self, key: str, path: Path) -> None:
        with self._request("read"):
            self.inner.download(key, path)

    def copy(self, source: str, target: str) -> None:
        with self._write("copy", target):
            self.inner.copy(source, target)

    def local_path(self, prefix: str) -> Path | None:
        return self.inner.local_path(prefix)

    @contextmanager
    def _write(self, operation: str, key: str) -> Iterator[None]:
        self.fence.check(f"{operation} {key}")
        with self._request(operation):
            yield

    @contextmanager
    def _request(self, operation: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        except NotFound:
            raise  # an answer, not a failure
        except StoreError:
            self.metrics.store_errors.labels(operation).inc()
            raise
        finally:
            self.metrics.store_seconds.labels(operation).observe(time.monotonic() - began)
