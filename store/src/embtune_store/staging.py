"""Files and folders that appear whole or not at all, whenever a process is killed and however many run at once.

Bytes are written under a name of their own, next to where they belong, and renamed at the end. The writer holds a lock
on that name for as long as it lives; the kernel lets go of it when the process dies, so whoever comes next can tell
what was left behind from what is being written, and removes it.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PART = ".embtune-part"
PART_FOLDER = ".embtune-parts"


@contextmanager
def staged_file(folder: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A new file in `folder`, open for writing, and its name for the time being. It is gone at the end unless renamed.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sweep(folder)
    file, path = _open_locked(folder)
    try:
        with file:
            yield file, path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes the name `path` at the end, unless something was raised. Raises OSError."""
    with staged_file(path.parent) as (file, part):
        yield file
        settle(file)
        part.replace(path)
        settle_folder(path.parent)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill that takes the name `path` at the end, unless something was raised.

    Raises OSError, also when `path` is there already and not an empty folder.
    """
    with staged_file(path.parent) as (_, part):
        folder = part.with_suffix(PART_FOLDER)
        try:
            folder.mkdir()
            yield folder
            folder.rename(path)
            settle_folder(path.parent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def filled_folder(path: Path) -> Iterator[Path]:
    """A folder to fill whose files move into the folder `path` at the end, unless something was raised. Raises OSError."""
    with staged_file(path) as (_, part):
        folder = part.with_suffix(PART_FOLDER)
        try:
            folder.mkdir()
            yield folder
            for file in [file for file in folder.rglob("*") if file.is_file()]:
                place = path / file.relative_to(folder)
                place.parent.mkdir(parents=True, exist_ok=True)
                file.replace(place)
            settle_folder(path)
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def is_staged(path: Path) -> bool:
    """Whether a relative path is that of something that is being written, or lies in it."""
    return any(Path(part).suffix in {PART, PART_FOLDER} for part in path.parts)


def sweep(folder: Path) -> None:
    """Remove what dead processes left in `folder`."""
    for part in folder.glob(f".*{PART}"):
        with suppress(OSError), part.open("ab") as file:  # another user's, or gone meanwhile
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(part.with_suffix(PART_FOLDER), ignore_errors=True)
            part.unlink()


def settle(file: BinaryIO) -> None:
    """Have the bytes on the disk before a name promises them."""
    file.flush()
    os.fsync(file.fileno())


def settle_folder(folder: Path) -> None:
    """Have the names in `folder` on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open_locked(folder: Path) -> tuple[BinaryIO, Path]:
    while True:
        path = folder / f".{uuid.uuid4().hex}{PART}"
        file = path.open("xb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except BaseException:
            file.close()
            path.unlink(missing_ok=True)
            raise
        if os.fstat(file.fileno()).st_nlink:
            return file, path
        file.close()  # swept between open and lock
