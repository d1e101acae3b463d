"""Processes that outlive the command that started them, each with a log and a note of its process id."""

import json
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import psutil

from cluster.place import LOGS, PIDS

STOP_SECONDS = 10
_STARTED: dict[str, "subprocess.Popen[bytes]"] = {}
"""By this process, which is their parent and has to look after those that end."""


def start(name: str, command: Sequence[str], environ: Mapping[str, str] | None = None) -> None:
    """Start it in a session of its own, so that Ctrl-C at the terminal does not reach it."""
    with (LOGS / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "HOME": str(LOGS), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    _STARTED[name] = process
    born = psutil.Process(process.pid).create_time()
    (PIDS / name).write_text(json.dumps({"pid": process.pid, "born": born}))


def alive(name: str) -> bool:
    return _process(name) is not None


def stop(name: str, *, gently: bool = False) -> None:
    """Kill it, or ask it to end first. Nothing happens where it does not run."""
    process = _process(name)
    if process is not None:
        with suppress(psutil.NoSuchProcess):
            if gently:
                process.terminate()
                has_ended(process)
            process.kill()
        if not has_ended(process):
            raise RuntimeError(f"{name} (process {process.pid}) does not end.")
    if name in _STARTED:
        _STARTED.pop(name).wait()
    (PIDS / name).unlink(missing_ok=True)


def has_ended(process: psutil.Process) -> bool:
    """Wait for that. A process that its parent has not looked after yet has ended, too."""
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def wait_until(ready: Callable[[], bool], what: str, seconds: float, name: str = "") -> None:
    """Wait for `ready` to say so; RuntimeError when it takes too long, or when the named process ends first."""
    deadline = time.monotonic() + seconds
    while not ready():
        if name and not alive(name):
            raise RuntimeError(f"{name} has ended:\n{end_of_log(name)}")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} took more than {seconds:.0f} s.\n{end_of_log(name) if name else ''}")
        time.sleep(0.2)


def end_of_log(name: str) -> str:
    log = LOGS / f"{name}.log"
    return log.read_text(errors="replace")[-2000:] if log.exists() else ""


def _process(name: str) -> psutil.Process | None:
    """The process that was started under that name, unless it has ended: an id alone may have passed to another."""
    with suppress(OSError, ValueError, psutil.NoSuchProcess):
        note = json.loads((PIDS / name).read_text())
        process = psutil.Process(note["pid"])
        if abs(process.create_time() - note["born"]) < 1 and process.status() != psutil.STATUS_ZOMBIE:
            return process
    return None
