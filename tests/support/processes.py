"""Whole process trees: who is in one, and `kill -9` of all of it."""

import contextlib
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

STILL = {"T", "t", "Z", "X"}
"""Stopped, traced, or ended: the states of threads that do nothing."""


def tree(pid: int) -> list[psutil.Process]:
    """The process and all its descendants, itself first; empty when it is gone."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def stop_tree(pid: int) -> list[psutil.Process]:
    """Let a whole tree stand still; returns its members, itself first. New ones are looked for until there is none.

    A signal is acted on a little after it is sent: what a thread holds by then, it keeps. So this waits for every thread.
    """
    stopped: dict[int, psutil.Process] = {}
    while new := [process for process in tree(pid) if process.pid not in stopped]:
        for process in new:
            _send(process, signal.SIGSTOP)
            stopped[process.pid] = process
        wait_until(lambda: all(_stands_still(pid) for pid in stopped), or_say="a process cannot be stopped", every=0.001)
    return list(stopped.values())


def kill_tree(pid: int) -> int:
    """`kill -9` of a whole tree at one moment, so that none of them sees another die; returns how many there were."""
    stopped = stop_tree(pid)
    for process in reversed(stopped):
        _send(process, signal.SIGKILL)
    return len(stopped)


def continue_all(stopped: list[psutil.Process]) -> None:
    for process in stopped:
        _send(process, signal.SIGCONT)


def wait_until(true: Callable[[], object], seconds: float = 60.0, every: float = 0.005, or_say: str = "it never came") -> None:
    """Look again and again. Raises AssertionError when the time is over."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, or_say
        time.sleep(every)


def _stands_still(pid: int) -> bool:
    states = []
    for thread in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            states.append(thread.read_text().rpartition(")")[2].split()[0])
    return set(states) <= STILL


def _send(process: psutil.Process, number: int) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(number)
