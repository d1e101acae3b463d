"""The node's containerd, asked by `ctr`: which images it has, the import of others, the containers of an earlier cluster."""

import json
import subprocess
import tarfile
from collections.abc import Collection
from pathlib import Path

from cluster.place import CONTAINERD_SOCKET


def answers() -> bool:
    return subprocess.run([*_CTR, "version"], capture_output=True).returncode == 0


def images() -> set[str]:
    return set(_ctr("images", "list", "-q").split())


def take(layout: Path, name: str, known: Collection[str]) -> None:
    """Import an image from a folder in OCI layout, but for the `known` blobs, which are here already."""
    index = json.loads((layout / "index.json").read_text())
    index["manifests"][0].setdefault("annotations", {})["io.containerd.image.name"] = name
    (layout / "index.json").write_text(json.dumps(index))
    importing = subprocess.Popen([*_CTR, "images", "import", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert importing.stdin is not None
    with importing.stdin, tarfile.open(fileobj=importing.stdin, mode="w|") as stream:
        for file in (layout / "oci-layout", layout / "index.json", *(layout / "blobs" / "sha256").iterdir()):
            if file.name not in known:
                stream.add(file, file.relative_to(layout))
    if importing.wait():
        raise RuntimeError(f"`ctr images import` of {name} failed: its message is above.")


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
