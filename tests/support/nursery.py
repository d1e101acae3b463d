"""Runs of the real `embtune` command that start at once: forked from a process that has imported everything."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from support.command import environment
from support.processes import kill_tree, wait_until

SERVER = Path(__file__).with_name("nursery_server.py")


@dataclass(frozen=True)
class Run:
    """One forked command, leader of its own process group."""

    pid: int
    folder: Path
    """Where it runs; its streams are kept here."""
    exits: Path

    @property
    def ended(self) -> bool:
        return (self.exits / str(self.pid)).exists()

    def wait(self, seconds: float = 120.0) -> int:
        """Its exit code; -9 when it was killed."""
        wait_until(lambda: self.ended, seconds, or_say=f"still running: look into {self.folder}")
        return int((self.exits / str(self.pid)).read_text())

    def kill(self) -> int:
        """`kill -9` of the whole tree; returns how many processes it had."""
        return kill_tree(self.pid)

    def interrupt(self) -> None:
        """Ctrl-C, as a terminal sends it: to the whole group."""
        os.killpg(self.pid, signal.SIGINT)

    @property
    def out(self) -> str:
        return (self.folder / "out").read_text()

    @property
    def err(self) -> str:
        return (self.folder / "err").read_text()


@dataclass
class Nursery:
    process: subprocess.Popen[str]
    scratch: Path

    def embtune(self, *arguments: str, scratch: Path | None = None) -> Run:
        """Start `embtune ARGUMENTS…`. `scratch`: its folder for temporary files; runs that share one are on one machine."""
        return self._start("nursery:embtune", arguments, scratch)

    def make_tiny_model(self, folder: Path, texts: Path, hidden: int) -> None:
        assert self._start("nursery:tiny_model", (str(folder), str(texts), hidden)).wait() == 0

    def _start(self, function: str, arguments: tuple[object, ...], scratch: Path | None = None) -> Run:
        folder = Path(tempfile.mkdtemp(prefix="run-", dir=self.scratch))
        temporary = scratch or folder / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        for stream in ("out", "err"):
            (folder / stream).touch()
        order = {
            "function": function,
            "arguments": arguments,
            "folder": str(folder),
            "out": str(folder / "out"),
            "err": str(folder / "err"),
            "environment": {"TMPDIR": str(temporary)},
        }
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        return Run(pid, folder, self.scratch / "exits")

    def clear(self) -> bool:
        """Whether it is empty; if it is not, what is left is killed, so that the next user does not find it."""
        if self.is_empty():
            return True
        for child in psutil.Process(self.process.pid).children():
            kill_tree(child.pid)
        return False

    def is_empty(self, seconds: float = 10.0) -> bool:
        """Whether every process of every run has gone, orphans included; they are given a moment."""
        deadline = time.monotonic() + seconds
        while children := psutil.Process(self.process.pid).children(recursive=True):
            if time.monotonic() > deadline:
                sys.stderr.write(f"left over: {children}\n")
                return False
            time.sleep(0.01)
        return True


@contextmanager
def nursery(scratch: Path) -> Iterator[Nursery]:
    """A nursery that is gone afterwards, with all that it bore."""
    exits = scratch / "exits"
    exits.mkdir(parents=True)
    process = subprocess.Popen(
        [sys.executable, str(SERVER), str(exits)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment({"TMPDIR": str(scratch)}),
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield Nursery(process, scratch)
    finally:
        kill_tree(process.pid)
        process.communicate()
