"""The warm process, as `embtune run` talks to it: JSON lines through two pipes (see `embtune_trainer.warm`)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LEASH = Path(__file__).with_name("leash.py")
_PATIENCE = 5.0
"""Seconds that it is given to end by itself."""


@dataclass(frozen=True)
class WarmHandle:
    """A process that serves `embtune_trainer.warm`, however it was started."""

    pid: int
    stdin: int
    """File descriptor to write to; closing it ends the process and its children."""
    stdout: int
    """File descriptor to read from."""
    wait: Callable[[], int]
    """Blocks until it has ended, and reaps it; returns its exit code."""


def start_warm(log: Path) -> WarmHandle:
    """Start one that imports torch from now on; its stderr goes to `log`."""
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            leashed("warm"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env=trainer_environment(log.parent),
            start_new_session=True,
        )
    assert process.stdin
    assert process.stdout
    pipes = os.dup(process.stdin.fileno()), os.dup(process.stdout.fileno())
    process.stdin.close()
    process.stdout.close()
    return WarmHandle(process.pid, *pipes, wait=process.wait)


def leashed(*arguments: str) -> list[str]:
    """The command line of a trainer process that does not outlive this one."""
    python = sys.executable
    return [python, "-I", "-S", str(LEASH), str(os.getpid()), python, "-m", "embtune_trainer", *arguments]


def trainer_environment(scratch: Path) -> dict[str, str]:
    """For a trainer process: what it leaves behind when it is killed lies in `scratch`, but for the cache of models."""
    cache = Path(tempfile.gettempdir()) / "embtune-cache"
    return {"EMBTUNE_CACHE": str(cache), **os.environ, "TMPDIR": str(scratch)}


class WarmProcess:
    """Runs steps in a warm process. To be used from one event loop."""

    def __init__(self, handle: WarmHandle) -> None:
        self._handle = handle
        self._ends: dict[str, asyncio.Future[int]] = {}
        self._open = True
        self._listener = asyncio.create_task(self._listen())

    async def run(self, name: str, step: str, request: Path, log: Path, termination_log: Path) -> int:
        """Run one step to its end; returns its exit code, which is -9 when the warm process itself ended."""
        end: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._ends[name] = end
        message = {"id": name, "step": step, "request": str(request), "log": str(log), "termination_log": str(termination_log)}
        if self._listener.done() or not self._send(message):
            return -signal.SIGKILL
        return await end

    def signal(self, name: str, number: int) -> None:
        """Send a signal to a step that runs."""
        self._send({"id": name, "signal": int(number)})

    @property
    def is_used(self) -> bool:
        return bool(self._ends)

    async def close(self) -> None:
        """End it and everything that it runs. One that was never used is not waited for: it may be importing still."""
        if self._open:
            self._open = False
            os.close(self._handle.stdin)
        waiting = asyncio.create_task(asyncio.to_thread(self._handle.wait))
        done, _ = await asyncio.wait({waiting}, timeout=_PATIENCE if self.is_used else 0)
        if not done:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._handle.pid, signal.SIGKILL)
        await waiting
        await self._listener

    async def _listen(self) -> None:
        reader = asyncio.StreamReader()
        pipe = os.fdopen(self._handle.stdout, "rb", buffering=0)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
        while line := await reader.readline():
            message = json.loads(line)
            if "exit" in message:
                self._finish(message["id"], int(message["exit"]))
        transport.close()
        for name in list(self._ends):
            self._finish(name, -signal.SIGKILL)

    def _finish(self, name: str, code: int) -> None:
        end = self._ends.get(name)
        if end and not end.done():
            end.set_result(code)

    def _send(self, message: dict[str, Any]) -> bool:
        try:
            os.write(self._handle.stdin, json.dumps(message).encode() + b"\n")
        except OSError:
            return False
        return True
