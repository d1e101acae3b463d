"""What is told while a cluster comes up: each stage, and how long it took."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stage(name: str) -> Iterator[None]:
    begin = time.monotonic()
    yield
    say(f"{name}: {time.monotonic() - begin:.1f} s")


def say(line: str) -> None:
    sys.stderr.write(f"cluster: {line}\n")
