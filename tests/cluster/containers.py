"""The node's containerd, asked by `ctr`: which images it has, the import of others, the containers of an earlier cluster."""

import subprocess
from pathlib import Path

from cluster.place import CONTAINERD_SOCKET


def answers() -> bool:
    return subprocess.run([*_CTR, "version"], capture_output=True).returncode == 0


def images() -> set[str]:
    return set(_ctr("images", "list", "-q").split())


def import_archive(archive: Path) -> None:
    _ctr("images", "import", str(archive))


def remove_image(name: str) -> None:
    _ctr("images", "remove", "--sync", name)


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
