"""What embtune asks of an object store."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class StoredObject:
    """One object of a listing."""

    key: str
    size: int
    """bytes"""


@dataclass(frozen=True)
class Tagged:
    """An object's bytes, with the tag that a later `swap` must present."""

    data: bytes
    tag: str


@dataclass(frozen=True)
class Written:
    """What an upload put into the store."""

    size: int
    """bytes"""
    sha256: str
    """Of the bytes as they were written, 64 hex characters."""


class Store(Protocol):
    """Keys are relative, with forward slashes. Every method is safe to call again after a crash or a lost answer.

    Raises, everywhere: StoreDenied (credentials, no such bucket), StoreFull (no room), StoreError (anything else).
    """

    @property
    def uri(self) -> str:
        """Opens the same store in another process of this machine."""

    def get(self, key: str) -> bytes:
        """Raises NotFound."""

    def get_tagged(self, key: str) -> Tagged | None:
        """None when there is no such object."""

    def put(self, key: str, data: bytes) -> None:
        """Write or overwrite, atomically."""

    def create(self, key: str, data: bytes) -> bool:
        """Write only if the key is free. False when somebody was first. An object appears whole or not at all."""

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        """Replace the object tagged `expected`, or create it (None). False when it has changed meanwhile."""

    def exists(self, key: str) -> bool: ...

    def chunks(self, key: str) -> Iterator[bytes]:
        """Stream an object's bytes. Raises NotFound, at the first chunk."""

    def list(self, prefix: str) -> Iterator[StoredObject]:
        """Every object below the folder `prefix`, in no order."""

    def delete(self, key: str) -> None:
        """No error when it is gone already."""

    def upload(self, path: Path, key: str) -> Written:
        """Stream a file into the store, overwriting; its digest is that of the bytes that went in."""

    def download(self, key: str, path: Path) -> None:
        """Stream an object into a file, which appears whole or not at all. Raises NotFound."""

    def copy(self, source: str, target: str) -> None:
        """Copy within the store, overwriting. Raises NotFound."""

    def local_path(self, prefix: str) -> Path | None:
        """The folder or file itself where the store is a local folder: readable in place, never to be written. Else None."""
