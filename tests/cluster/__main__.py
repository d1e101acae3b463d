"""`make cluster-up`, `cluster-down`, `cluster-can`, `images`: the node of this machine, or what a given cluster lacks."""

import argparse
import fcntl
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cluster import given, life
from servers.programs import CACHE


def main() -> None:
    asked = _parser().parse_args()
    try:
        with _one_at_a_time():
            if asked.kubeconfig:
                _in_a_given_cluster(asked)
            else:
                {"up": life.up, "down": life.down, "can": life.check_machine, "images": life.bring_images}[asked.what]()
    except (life.CannotRun, RuntimeError) as failure:
        sys.exit(f"cluster: {failure}")


def _in_a_given_cluster(asked: argparse.Namespace) -> None:
    images = (asked.minio_image, asked.training_operator_image)
    cluster = given.Given(asked.kubeconfig, asked.context, asked.allow_context, *images)
    refusal = cluster.refusal()
    if refusal:
        sys.exit(f"cluster: {refusal}")
    {"up": cluster.up, "down": cluster.down}[asked.what]()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="cluster")
    parser.add_argument("what", choices=("up", "down", "can", "images"))
    parser.add_argument("--kubeconfig", type=Path, help="of a given cluster; without it, a node is made on this machine")
    parser.add_argument("--context", default="", help="of that kubeconfig")
    parser.add_argument("--allow-context", default="", help="the same again, to say that it is meant")
    parser.add_argument("--minio-image", default=given.MINIO_IMAGE)
    parser.add_argument("--training-operator-image", default="")
    return parser


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "cluster.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    main()
