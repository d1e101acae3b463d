"""A store in S3 whose credentials are replaced while it is used, as those of a step in a cluster are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import TypeVar

from embtune_api.errors import StoreDenied, StoreError
from embtune_store.access import MountedCredentials
from embtune_store.protocol import Store, StoredObject, Tagged, Written
from embtune_store.s3_errors import DeadCredentials

PATIENCE = 300.0
"""Seconds for which new credentials are waited for when the server knows the old ones no longer: a node's kubelet takes up to
two minutes until it shows a changed Secret to its pods."""
PAUSE_SECONDS = 0.5
"""Longer than obstore uses what it was told without asking again, which is a tenth of a second."""

Answer = TypeVar("Answer")


class RotatingStore:
    """Every request that is refused is made again with the credentials that have come meanwhile."""

    def __init__(self, store: Store, credentials: MountedCredentials) -> None:
        self._store = store
        self._credentials = credentials

    @property
    def uri(self) -> str:
        return self._store.uri

    def get(self, key: str) -> bytes:
        return self._ask(lambda: self._store.get(key))

    def get_tagged(self, key: str) -> Tagged | None:
        return self._ask(lambda: self._store.get_tagged(key))

    def put(self, key: str, data: bytes) -> None:
        self._ask(lambda: self._store.put(key, data))

    def create(self, key: str, data: bytes) -> bool:
        return self._ask(lambda: self._store.create(key, data))

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        return self._ask(lambda: self._store.swap(key, data, expected))

    def exists(self, key: str) -> bool:
        return self._ask(lambda: self._store.exists(key))

    def chunks(self, key: str) -> Iterator[bytes]:
        yield from self._ask(lambda: _begun(self._store.chunks(key)))

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """All pages before the first object: a page that is refused has the whole list asked for again."""
        yield from self._ask(lambda: [*self._store.list(prefix)])

    def delete(self, key: str) -> None:
        self._ask(lambda: self._store.delete(key))

    def upload(self, path: Path, key: str) -> Written:
        return self._ask(lambda: self._store.upload(path, key))

    def download(self, key: str, path: Path) -> None:
        self._ask(lambda: self._store.download(key, path))

    def copy(self, source: str, target: str) -> None:
        self._ask(lambda: self._store.copy(source, target))

    def local_path(self, prefix: str) -> Path | None:
        return self._store.local_path(prefix)

    def _ask(self, request: Callable[[], Answer]) -> Answer:
        """A refusal by policy is believed at the second time; credentials that the server does not know are waited out."""
        deadline, believed = time.monotonic() + PATIENCE, False
        while True:
            try:
                return request()
            except DeadCredentials as denied:
                if time.monotonic() > deadline:
                    raise self._given_up(denied) from denied
            except StoreDenied:
                if believed:
                    raise
                believed = True
            time.sleep(PAUSE_SECONDS)

    def _given_up(self, denied: StoreDenied) -> StoreError:
        """Nothing that the job could change: the next attempt gets credentials of its own."""
        return StoreError(
            f"{denied} The credentials in {self._credentials.file} have not been replaced for {PATIENCE:.0f} seconds: look "
            f"whether the operator runs."
        )


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same, asked for: a refusal comes with the first chunk."""
    first = next(chunks, b"")
    return chain([first], chunks) if first else chunks
