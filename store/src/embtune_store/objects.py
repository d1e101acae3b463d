"""A store on obstore: what memory and S3 have in common. obstore is imported by whoever opens one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api.errors import NotFound, StoreError
from embtune_store.names import checked_key
from embtune_store.os_failures import os_failures
from embtune_store.protocol import StoredObject, Tagged, Written
from embtune_store.staging import whole_file

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode
    from obstore.store import ObjectStore as Backend

PART = 8 << 20
"""Bytes of a part of a large upload; files up to this size are one request."""
MOST_PARTS = 9_000
"""S3 allows 10,000."""


class ObjectStore:
    """Objects behind obstore; an object's tag is its e-tag."""

    def __init__(self, uri: str, backend: Backend) -> None:
        self.uri = uri
        self._backend = backend

    def get(self, key: str) -> bytes:
        return self._fetch(key).data

    def get_tagged(self, key: str) -> Tagged | None:
        with suppress(NotFound):
            return self._fetch(key)
        return None

    def put(self, key: str, data: bytes) -> None:
        import obstore

        with self._failures(key):
            obstore.put(self._backend, checked_key(key), data)

    def create(self, key: str, data: bytes) -> bool:
        return self._put_if(key, data, "create")

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        return self._put_if(key, data, "create" if expected is None else {"e_tag": expected})

    def exists(self, key: str) -> bool:
        with suppress(NotFound), self._failures(key):
            self._head(key)
            return True
        return False

    def chunks(self, key: str) -> Iterator[bytes]:
        import obstore

        with self._failures(key):
            for chunk in obstore.get(self._backend, checked_key(key)).stream():
                yield bytes(chunk)

    def list(self, prefix: str) -> Iterator[StoredObject]:
        import obstore

        with self._failures(prefix):
            for page in obstore.list(self._backend, checked_key(prefix) if prefix else None, chunk_size=1000):
                for meta in page:
                    yield StoredObject(meta["path"], meta["size"])

    def delete(self, key: str) -> None:
        import obstore

        with suppress(NotFound), self._failures(key):
            obstore.delete(self._backend, checked_key(key))

    def upload(self, path: Path, key: str) -> Written:
        import obstore

        digest, size = hashlib.sha256(), 0

        def parts() -> Iterator[bytes]:
            nonlocal size
            while chunk := source.read(part_size):
                digest.update(chunk)
                size += len(chunk)
                yield chunk

        with os_failures(str(path)), path.open("rb") as source:
            length = os.fstat(source.fileno()).st_size
            part_size = max(PART, length // MOST_PARTS + 1)
            with self._failures(key):
                if length < part_size:
                    obstore.put(self._backend, checked_key(key), b"".join(parts()))
                else:
                    obstore.put(self._backend, checked_key(key), parts(), chunk_size=part_size, max_concurrency=4)
        return Written(size, digest.hexdigest())

    def download(self, key: str, path: Path) -> None:
        with os_failures(str(path)), whole_file(path) as file:
            for chunk in self.chunks(key):
                file.write(chunk)

    def copy(self, source: str, target: str) -> None:
        import obstore

        with self._failures(source):
            obstore.copy(self._backend, checked_key(source), checked_key(target))

    def local_path(self, prefix: str) -> Path | None:  # noqa: ARG002
        return None

    def _head(self, key: str) -> ObjectMeta:
        import obstore

        return obstore.head(self._backend, checked_key(key))

    def _put_if(self, key: str, data: bytes, mode: PutMode) -> bool:
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        with self._failures(key):
            try:
                obstore.put(self._backend, checked_key(key), data, mode=mode)
            except (AlreadyExistsError, PreconditionError):
                return False
        return True

    def _fetch(self, key: str) -> Tagged:
        import obstore

        with self._failures(key):
            result = obstore.get(self._backend, checked_key(key))
            return Tagged(bytes(result.bytes()), result.meta["e_tag"] or "")

    @contextmanager
    def _failures(self, key: str) -> Iterator[None]:
        """Raise the error of `embtune_api.errors` that tells a person what to do."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, FileNotFoundError, TimeoutError) as error:
            raise self._told(error, key) from error

    def _told(self, error: Exception, key: str) -> StoreError:
        if isinstance(error, FileNotFoundError):
            return NotFound(f"There is no object {key} in the store {self.uri}.")
        return StoreError(f"The store {self.uri} did not do what was asked with {key}: {error}")


class MemoryStore(ObjectStore):
    """Gone with the process: for tests."""

    def __init__(self) -> None:
        from obstore.store import MemoryStore as Backend

        super().__init__("memory://", Backend())
