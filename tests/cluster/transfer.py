"""An image from buildah to containerd. Only the layers that containerd lacks are written and read."""

import tempfile
from pathlib import Path

from cluster import buildah, containers
from cluster.place import CONTAINERD_ROOT, IMAGES

CONTENT = CONTAINERD_ROOT / "io.containerd.content.v1.content" / "blobs" / "sha256"


def transfer(name: str) -> None:
    """Bring it there under the same name. containerd runs."""
    with tempfile.TemporaryDirectory(dir=IMAGES) as folder:
        blobs = Path(folder, "blobs", "sha256")
        blobs.mkdir(parents=True)
        known = {blob.name for blob in CONTENT.iterdir()} if CONTENT.is_dir() else set()
        for blob in known:
            (blobs / blob).hardlink_to(CONTENT / blob)
        buildah.push(name, Path(folder))
        containers.take(Path(folder), name, known)
