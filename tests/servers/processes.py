"""Servers as processes of ours: started with a log, waited for, ended whatever happens."""

import random
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

Process = subprocess.Popen[bytes]
PORTS = range(15000, 30000)
"""Below those that the kernel gives to outgoing connections, so that none of them takes a port between its choice and its use."""


def free_port() -> int:
    while True:
        port = random.choice(PORTS)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@contextmanager
def running(command: Sequence[str], environ: Mapping[str, str], log: Path) -> Iterator[Process]:
    """A process that is killed at the end, and that ends with us even when we are."""
    setpriv = shutil.which("setpriv")
    prefix = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    with log.open("wb") as output:
        process = subprocess.Popen([*prefix, *command], env=dict(environ), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def wait_until(ready: Callable[[], bool], process: Process, log: Path, seconds: float) -> None:
    """Wait for `ready` to say so; RuntimeError with the end of the log when the process ends first or takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return
        time.sleep(0.1)
    raise RuntimeError(f"{process.args!r} did not get ready:\n{log.read_text(errors='replace')[-2000:]}")
