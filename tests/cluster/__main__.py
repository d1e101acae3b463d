"""`make cluster-up` and `make cluster-down`: the node of this machine, or what is needed besides embtune in a given cluster."""

import argparse
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cluster import life
from servers.programs import CACHE


def main() -> None:
    asked = _parser().parse_args()
    try:
        with _one_at_a_time():
            {"up": life.up, "down": life.down}[asked.what]()
    except (life.CannotRun, RuntimeError) as failure:
        sys.exit(f"cluster: {failure}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cluster")
    parser.add_argument("what", choices=("up", "down"))
    return parser


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "cluster.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
