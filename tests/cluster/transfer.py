"""An image from buildah to containerd, as a stream: nothing is written in between, and layers that are there are not sent."""

import hashlib
import io
import json
import tarfile
from collections.abc import Collection
from typing import IO

from cluster import containers, image_store
from cluster.place import CONTAINERD_ROOT

CONTENT = CONTAINERD_ROOT / "io.containerd.content.v1.content" / "blobs" / "sha256"
CHUNK = 1 << 20
"""bytes written at once"""


def transfer(name: str) -> None:
    """Bring it there under the same name. containerd runs."""
    known = {blob.name for blob in CONTENT.iterdir()} if CONTENT.is_dir() else set()
    with containers.importing(name) as sink, tarfile.open(fileobj=sink, mode="w|", bufsize=CHUNK) as archive:
        _write(archive, name, known)
    containers.drop_unnamed_images()


def _write(archive: tarfile.TarFile, name: str, known: Collection[str]) -> None:
    """An archive in OCI layout, without the known layers."""
    manifest = image_store.manifest(name)
    digest, config = f"sha256:{hashlib.sha256(manifest).hexdigest()}", json.loads(manifest)["config"]["digest"]
    _add(archive, "oci-layout", b'{"imageLayoutVersion": "1.0.0"}')
    _add(archive, "index.json", _index(name, digest, len(manifest)))
    _add(archive, _blob(digest), manifest)
    _add(archive, _blob(config), image_store.configuration(name, config))
    for layer in image_store.layers(name):
        if layer.digest not in known:
            with image_store.tar_of(layer) as tar:
                _add_stream(archive, _blob(layer.digest), layer.size, tar.stdout)


def _index(name: str, digest: str, size: int) -> bytes:
    kind = "application/vnd.oci.image.manifest.v1+json"
    entry = {"mediaType": kind, "digest": digest, "size": size, "annotations": {"io.containerd.image.name": name}}
    return json.dumps({"schemaVersion": 2, "manifests": [entry]}).encode()


def _blob(digest: str) -> str:
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    _add_stream(archive, path, len(content), io.BytesIO(content))


def _add_stream(archive: tarfile.TarFile, path: str, size: int, content: IO[bytes] | None) -> None:
    entry = tarfile.TarInfo(path)
    entry.size = size
    archive.addfile(entry, content)
