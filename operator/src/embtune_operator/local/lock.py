"""One `embtune run` of a job at a time on this machine: the second waits for the first and finds its work done.

Correctness does not need it, since every step is idempotent; two of them would only share the processor. The lock also
says whose scratch folder is in use: the kernel lets go of it when its process dies, and whoever starts next cleans up.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from embtune_api.resources import FineTuneJob

_LOCK = ".lock"


@contextlib.asynccontextmanager
async def only_run(job: FineTuneJob, store_uri: str, tell: Callable[[str], None]) -> AsyncIterator[Path]:
    """Hold the job's lock; gives an empty scratch folder, which is gone at the end."""
    _sweep()
    name = hashlib.sha256(f"{store_uri} {job.metadata.uid}".encode()).hexdigest()[:16]
    path = _temporary() / f"{_prefix()}{name}{_LOCK}"
    told = False
    while (lock := _locked(path)) is None:
        if not told:
            tell("another embtune run is at work on this job: waiting for it")
            told = True
        await asyncio.sleep(0.5)
    with lock, contextlib.ExitStack() as stack:
        stack.callback(_remove, path)
        scratch = path.with_suffix("")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        yield scratch


def _sweep() -> None:
    """Remove what runs of this user that were killed have left behind."""
    for path in _temporary().glob(f"{_prefix()}*{_LOCK}"):
        with contextlib.suppress(OSError):  # gone meanwhile
            if lock := _locked(path):
                with lock:
                    _remove(path)


def _remove(path: Path) -> None:
    """Remove a lock that is held, its scratch folder first: a folder without a lock would stay for ever."""
    shutil.rmtree(path.with_suffix(""), ignore_errors=True)
    path.unlink(missing_ok=True)


def _temporary() -> Path:
    return Path(tempfile.gettempdir())


def _prefix() -> str:
    return f"embtune-{os.getuid()}-"


def _locked(path: Path) -> IO[bytes] | None:
    """The locked file; None while somebody else holds it."""
    lock = path.open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.exists() and path.stat().st_ino == os.fstat(lock.fileno()).st_ino:
            return lock
    except BlockingIOError:
        pass
    lock.close()  # held by another, or removed by the one who held it
    return None
