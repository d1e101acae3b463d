"""A store in a local folder: plain files, safe for many processes at once and for kill -9 between any two lines.

Written on the file system itself, not on obstore's LocalStore: that one cannot compare and swap, does not flush to the
disk, copies by hard link (one flipped byte would be flipped in every copy), cannot tell what a dead process left
behind, and refuses names such as `a#1`.
"""

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from embtune_api.digest import sha256_hex
from embtune_api.errors import NotFound, StoreError
from embtune_store.names import checked_key
from embtune_store.os_failures import os_failures
from embtune_store.protocol import StoredObject, Tagged, Written
from embtune_store.staging import settle, settle_folder, staged_file, whole_file

OURS = ".embtune"
"""The folder below the root that is not part of the store: the lock, and files being written."""
CHUNK = 1 << 20
MISSING = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class FolderStore:
    """Objects are files below a root; an object's tag is the sha256 of its bytes.

    A reader takes no lock. A writer stages its bytes first and takes the lock for the rename alone. Nothing is written
    by opening or reading, so a read-only folder will do for that.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    @property
    def uri(self) -> str:
        return str(self._root)

    def get(self, key: str) -> bytes:
        with self._reading(key) as file:
            return file.read()

    def get_tagged(self, key: str) -> Tagged | None:
        with suppress(NotFound):
            data = self.get(key)
            return Tagged(data, sha256_hex(data))
        return None

    def put(self, key: str, data: bytes) -> None:
        with self._writing(key) as file:
            file.write(data)

    def create(self, key: str, data: bytes) -> bool:
        return not self.exists(key) and self.swap(key, data, None)

    def swap(self, key: str, data: bytes, expected: str | None) -> bool:
        path = self._path(key)
        with os_failures(f"{key} in the store {self.uri}"), staged_file(self._root / OURS) as (file, part):
            file.write(data)
            settle(file)
            with self._locked():
                seen = self.get_tagged(key)
                if (seen.tag if seen else None) != expected:
                    return False
                self._name(part, path)
        return True

    def exists(self, key: str) -> bool:
        with os_failures(f"{key} in the store {self.uri}"):
            return self._path(key).is_file()

    def chunks(self, key: str) -> Iterator[bytes]:
        with self._reading(key) as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def list(self, prefix: str) -> Iterator[StoredObject]:
        top = self._path(prefix) if prefix else self._root
        with os_failures(f"the folder {top}"):
            for folder, folders, names in os.walk(top, onerror=_unless_missing):
                if Path(folder) == self._root and OURS in folders:
                    folders.remove(OURS)
                for name in names:
                    path = Path(folder, name)
                    with suppress(FileNotFoundError):  # deleted while we look
                        yield StoredObject(path.relative_to(self._root).as_posix(), path.stat().st_size)

    def delete(self, key: str) -> None:
        path = self._path(key)
        if not self.exists(key):
            return
        with os_failures(f"{key} in the store {self.uri}"), self._locked():
            if not path.exists():
                return  # another process was first, and may have removed the folder too
            path.unlink()
            for folder in path.parents:
                if folder == self._root or any(folder.iterdir()):
                    break
                folder.rmdir()

    def upload(self, path: Path, key: str) -> Written:
        digest, size = hashlib.sha256(), 0
        with os_failures(str(path)):
            source = path.open("rb")
        with source, self._writing(key) as file:
            while chunk := source.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        return Written(size, digest.hexdigest())

    def download(self, key: str, path: Path) -> None:
        with self._reading(key) as source, os_failures(str(path)), whole_file(path) as file:
            _pour(source, file)

    def copy(self, source: str, target: str) -> None:
        with self._reading(source) as original, self._writing(target) as file:
            _pour(original, file)

    def local_path(self, prefix: str) -> Path | None:
        return self._path(prefix)

    def _path(self, key: str) -> Path:
        path = self._root / checked_key(key)
        if path.relative_to(self._root).parts[0] == OURS:
            raise StoreError(f"{key} cannot be an object of {self.uri}: {OURS} is where the store keeps its lock. Rename it.")
        return path

    @contextmanager
    def _reading(self, key: str) -> Iterator[BinaryIO]:
        with os_failures(f"{key} in the store {self.uri}"):
            try:
                file = self._path(key).open("rb")
            except MISSING as error:
                raise NotFound(f"There is no object {key} in the store {self.uri}.") from error
            with file:
                yield file

    @contextmanager
    def _writing(self, key: str) -> Iterator[BinaryIO]:
        path = self._path(key)
        with os_failures(f"{key} in the store {self.uri}"), staged_file(self._root / OURS) as (file, part):
            yield file
            settle(file)
            with self._locked():
                self._name(part, path)

    def _name(self, part: Path, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.replace(path)
        settle_folder(path.parent)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One writer at a time, of all processes; the kernel lets go of it when the process dies."""
        with (self._root / OURS / "lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _pour(source: BinaryIO, target: BinaryIO) -> None:
    while chunk := source.read(CHUNK):
        target.write(chunk)


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, MISSING):
        raise error
