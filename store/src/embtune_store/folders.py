"""Folders of files in a store: uploaded with digests, verified when read back."""

import errno
import hashlib
from collections.abc import Iterable
from pathlib import Path

from embtune_api.digest import sha256_hex
from embtune_api.documents.files import FileEntry, StoredFile
from embtune_api.errors import InvalidInput, NotFound, Tampered
from embtune_api.keys import CARD
from embtune_store.names import checked_key
from embtune_store.os_failures import os_failures
from embtune_store.protocol import Store
from embtune_store.staging import filled_folder, is_staged, whole_folder

CHUNK = 1 << 20


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def list_folder(folder: Path) -> list[FileEntry]:
    """Every file below `folder` with its digest, sorted by path."""
    return [file_entry(folder, path) for path in _paths(folder)]


def file_entry(folder: Path, path: Path) -> FileEntry:
    """One file below `folder` with its digest. Raises OSError."""
    return FileEntry(path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=file_sha256(path))


def upload_folder(store: Store, folder: Path, prefix: str) -> list[FileEntry]:
    """Every file below `folder`, written to `prefix`; sorted by path. The digests are those of the bytes that went in.

    Raises:
        StoreError: a file's name cannot be a key, or the store did not take it.
    """
    return [_upload(store, folder, path, prefix) for path in _paths(folder)]


def read_verified(store: Store, file: StoredFile) -> bytes:
    """The bytes of one file, which are what its step's manifest says.

    Raises:
        Tampered: it is missing or its bytes are others.
    """
    try:
        data = store.get(file.key)
    except NotFound:
        raise _tampered(store, file.key, "it is missing") from None
    if (len(data), sha256_hex(data)) != (file.size, file.sha256):
        raise _other_bytes(store, file, len(data), sha256_hex(data))
    return data


def verify(store: Store, prefix: str, files: Iterable[FileEntry]) -> None:
    """Read every byte of `files` below `prefix`.

    Raises:
        Tampered: a file is missing or its bytes are others; it is named.
    """
    for entry in files:
        file, digest, size = entry.below(prefix), hashlib.sha256(), 0
        try:
            for chunk in store.chunks(file.key):
                digest.update(chunk)
                size += len(chunk)
        except NotFound:
            raise _tampered(store, file.key, "it is missing") from None
        if (size, digest.hexdigest()) != (file.size, file.sha256):
            raise _other_bytes(store, file, size, digest.hexdigest())


def materialize(store: Store, prefix: str, files: list[FileEntry], target: Path) -> Path:
    """A local folder that holds exactly these files, verified. It is to be read, never to be written.

    That is the store's own folder where there is one and it holds nothing else but a version's card. Otherwise it is `target`,
    which belongs to this function: files that are there already with the right bytes are kept, others are removed.

    Raises:
        Tampered: a file in the store is missing or its bytes are others.
    """
    here = store.local_path(prefix)
    if here is not None:
        verify(store, prefix, files)
        if {*_paths(here)} - {here / entry.path for entry in files} <= {here / CARD}:
            return here
    with os_failures(str(target)):
        _fill(store, prefix, files, target)
    return target


def download_folder(store: Store, prefix: str, files: list[FileEntry], target: Path) -> bool:
    """Copy these files, verified, to `target`; False where they are there already, and nothing is done.

    A new folder appears whole. One that is there and empty stays the same folder, since somebody may be standing in it: it
    is filled when everything is verified, and when that is cut short the next call goes on.

    Raises:
        InvalidInput: `target` holds something else.
        Tampered: a file in the store is missing or its bytes are others.
    """
    with os_failures(str(target)):
        if _in_place(target, files):
            return False
        if target.is_dir():
            with filled_folder(target.absolute()) as folder:
                _fill(store, prefix, files, folder)
            return True
        try:
            with whole_folder(target.absolute()) as folder:
                _fill(store, prefix, files, folder)
        except OSError as error:
            if error.errno not in {errno.ENOTEMPTY, errno.EEXIST} or not _in_place(target, files):
                raise
        return True


def copy_folder(store: Store, source_prefix: str, target_prefix: str, files: Iterable[FileEntry]) -> None:
    """Copy these files within the store, overwriting. The copies are not verified: see `verify`.

    Raises:
        NotFound: a file is missing.
    """
    for entry in files:
        store.copy(f"{source_prefix}/{entry.path}", f"{target_prefix}/{entry.path}")


def _upload(store: Store, folder: Path, path: Path, prefix: str) -> FileEntry:
    name = path.relative_to(folder).as_posix()
    written = store.upload(path, f"{prefix}/{name}")
    return FileEntry(path=name, size=written.size, sha256=written.sha256)


def _fill(store: Store, prefix: str, files: list[FileEntry], target: Path) -> None:
    wanted = {target / checked_key(entry.path) for entry in files}
    for path in _paths(target):
        if path not in wanted:
            path.unlink(missing_ok=True)
    for entry in files:
        path = target / entry.path
        if _is(path, entry):
            continue
        _fetch(store, f"{prefix}/{entry.path}", entry, path)


def _fetch(store: Store, key: str, entry: FileEntry, path: Path) -> None:
    try:
        store.download(key, path)
    except NotFound:
        raise _tampered(store, key, "it is missing") from None
    if not _is(path, entry):
        path.unlink()
        raise _tampered(
            store, key, f"its bytes are not the {entry.size:,} bytes with sha256 {entry.sha256[:12]}… that its manifest lists"
        )


def _in_place(target: Path, files: list[FileEntry]) -> bool:
    """Whether `target` holds exactly these files, not only some of them. Raises InvalidInput when it holds something else."""
    if not target.exists():
        return False
    entries = {target / entry.path: entry for entry in files}
    present = _paths(target)
    if target.is_dir() and all(path in entries and _is(path, entries[path]) for path in present):
        return len(present) == len(entries)
    raise InvalidInput(f"{target} is there already and holds something else. Give the name of a new folder, or remove it.")


def _is(path: Path, entry: FileEntry) -> bool:
    if not path.is_file() or path.stat().st_size != entry.size:
        return False
    return file_sha256(path) == entry.sha256


def _paths(folder: Path) -> list[Path]:
    """The files below a folder, sorted; but for those that another process is just writing."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and not is_staged(path.relative_to(folder)))


def _other_bytes(store: Store, file: StoredFile, size: int, sha256: str) -> Tampered:
    return _tampered(
        store,
        file.key,
        f"{size:,} bytes with sha256 {sha256[:12]}… are there, not the "
        f"{file.size:,} bytes with sha256 {file.sha256[:12]}… that its manifest lists",
    )


def _tampered(store: Store, key: str, how: str) -> Tampered:
    return Tampered(
        f"{key} in the store {store.uri} is not what was published: {how}. Restore the file from a backup, "
        "or publish the model again under a new version."
    )
