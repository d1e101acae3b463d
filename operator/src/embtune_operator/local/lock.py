"""One `embtune run` of a job at a time on this machine: the second waits for the first and finds its work done.

Correctness does not need it, since every step is idempotent; two of them would only share the processor.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from embtune_api.resources import FineTuneJob


@contextlib.asynccontextmanager
async def only_run(job: FineTuneJob, store_uri: str, tell: Callable[[str], None]) -> AsyncIterator[None]:
    """Hold the job's lock; the kernel releases it when the process ends, however it ends."""
    name = hashlib.sha256(f"{os.getuid()} {store_uri} {job.metadata.uid}".encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"embtune-{name}.lock"
    told = False
    while (lock := _locked(path)) is None:
        if not told:
            tell("another embtune run is at work on this job: waiting for it")
            told = True
        await asyncio.sleep(0.5)
    with lock:
        yield
        path.unlink(missing_ok=True)


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
