"""The node's containerd, asked by `ctr`: which images it has, the import of others, the containers of an earlier cluster."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from cluster.place import CONTAINERD_SOCKET


def answers() -> bool:
    return subprocess.run([*_CTR, "version"], capture_output=True).returncode == 0


def images() -> set[str]:
    return set(_ctr("images", "list", "-q").split())


def drop_unnamed_images() -> None:
    """Drop those that had a name once: containerd's side of Kubernetes keeps each by its digest, for a collector that is off."""
    rows = [line.split() for line in _ctr("images", "list").splitlines()[1:]]
    digests = {row[0]: row[2] for row in rows}
    named = {digest for name, digest in digests.items() if not name.startswith("sha256:")}
    unnamed = [name for name, digest in digests.items() if digest not in named]
    if unnamed:
        _ctr("images", "remove", "--sync", *unnamed)


@contextmanager
def importing(name: str) -> Iterator[IO[bytes]]:
    """Where an archive of the image is written to."""
    process = subprocess.Popen(
        [*_CTR, "images", "import", "-"], stdin=subprocess.PIPE, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    with process:
        assert process.stdin is not None
        assert process.stderr is not None
        with suppress(BrokenPipeError), process.stdin:  # it has said why on stderr
            yield process.stdin
        message = process.stderr.read().decode().strip()
    if process.returncode:
        raise RuntimeError(f"`ctr images import` of {name} failed: {message}")


def forget_containers() -> bool:
    """Drop what a cluster before this one has left in the records; whether there was anything."""
    left = _ctr("containers", "list", "-q").split()
    for container in left:
        _ctr("containers", "delete", container)
    return bool(left)


_CTR = ["ctr", "--address", str(CONTAINERD_SOCKET), "--namespace", "k8s.io"]


def _ctr(*arguments: str) -> str:
    done = subprocess.run([*_CTR, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"`ctr {' '.join(arguments)}` failed: {done.stderr.strip()}")
    return done.stdout
