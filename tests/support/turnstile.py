"""The turnstile: a folder store's own lock, held by a test, which lets one write pass at a time.

A writer stages its bytes, then takes the lock to give them their name. Whoever holds the lock between two writes sees
exactly the states that a reader could ever see, and a process that is killed while it waits there dies exactly between
two writes. No code of the writer is changed for it.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Self

OURS = ".embtune"
HANDOVER_SECONDS = 0.0001
"""What the kernel needs to wake a writer that waits."""


@dataclass(frozen=True)
class Change:
    kind: Literal["write", "delete"]
    key: str

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


class Turnstile:
    """Holds the lock of the store at `root`, but for the moment in which a write passes."""

    def __init__(self, root: Path) -> None:
        (root / OURS).mkdir(parents=True, exist_ok=True)
        self._root = root
        self._lock: IO[bytes] = (root / OURS / "lock").open("ab")
        self._seen = snapshot(root)

    def __enter__(self) -> Self:
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def changes(self, over: Callable[[], bool]) -> Iterator[Change]:
        """Every change of the store, one by one, until `over`; the next write waits while the caller looks at this one."""
        while not over():
            if self.somebody_waits():
                fcntl.flock(self._lock, fcntl.LOCK_UN)
                time.sleep(HANDOVER_SECONDS)
                fcntl.flock(self._lock, fcntl.LOCK_EX)  # queues behind the writer, and is served before it comes again
                yield from self._news()
            else:
                time.sleep(0.001)

    def somebody_waits(self) -> bool:
        """Whether a writer is at the gate: it has read and prepared what it is going to write."""
        inode = f":{os.fstat(self._lock.fileno()).st_ino} "
        return any(" -> FLOCK" in line and inode in line for line in Path("/proc/locks").read_text().splitlines())

    def _news(self) -> list[Change]:
        before, self._seen = self._seen, snapshot(self._root)
        written = [key for key, state in self._seen.items() if before.get(key) != state]
        return [Change("delete", key) for key in before.keys() - self._seen.keys()] + [Change("write", key) for key in written]


def snapshot(root: Path) -> dict[str, tuple[int, int]]:
    """Key → (inode, time of the last change in ns) of every object, in the order of their keys."""
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != OURS)
        for path in (Path(folder, name) for name in sorted(names)):
            state = path.stat()
            found[path.relative_to(root).as_posix()] = (state.st_ino, state.st_mtime_ns)
    return found
