"""What lies in buildah's storage, asked by the tool of its library: manifests, configurations, and layers byte by byte."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from cluster.place import BUILDAH_ROOT

STORAGE = ["--root", str(BUILDAH_ROOT), "--runroot", str(BUILDAH_ROOT / "run"), "--storage-driver", "overlay"]
_TOOL = ["containers-storage", "--graph", str(BUILDAH_ROOT), "--run", str(BUILDAH_ROOT / "run"), "--storage-driver", "overlay"]


@dataclass(frozen=True)
class Layer:
    id: str
    parent: str
    digest: str
    """sha256 of the tar, without its prefix"""
    size: int
    """bytes of the tar"""


def manifest(name: str) -> bytes:
    return _tool("get-image-data", name, "manifest")


def configuration(name: str, digest: str) -> bytes:
    return _tool("get-image-data", name, digest)


def layers(name: str) -> list[Layer]:
    """Of an image, the lowest first."""
    every = {layer.id: layer for layer in _layers()}
    chain = []
    top = _image(name)["layer"]
    while top:
        chain.append(every[top])
        top = every[top].parent
    return chain[::-1]


def tar_of(layer: Layer) -> "subprocess.Popen[bytes]":
    """A process that writes it, `layer.size` bytes, to its stdout."""
    return subprocess.Popen([*_TOOL, "diff", "--uncompressed", layer.id], stdout=subprocess.PIPE)


def waste() -> int:
    """Bytes in layers that no named image stands on: what earlier builds have left."""
    names = [name for image in json.loads(_tool("images", "--json")) for name in image.get("names") or ()]
    used = {layer.id for name in names for layer in layers(name)}
    return sum(layer.size for layer in _layers() if layer.id not in used)


def _layers() -> list[Layer]:
    return [
        Layer(found["id"], found.get("parent", ""), found["diff-digest"].removeprefix("sha256:"), found["diff-size"])
        for found in json.loads(_tool("layers", "--json"))
        if "diff-digest" in found  # one that is being made has none yet
    ]


def _image(name: str) -> dict[str, Any]:
    (found,) = json.loads(_tool("image", "--json", name))
    return dict(found)


def _tool(*arguments: str) -> bytes:
    done = subprocess.run([*_TOOL, *arguments], capture_output=True)
    if done.returncode:
        raise RuntimeError(f"`containers-storage {' '.join(arguments)}` failed: {done.stderr.decode().strip()}")
    return done.stdout
