"""The images with one static program each: the pause container, MinIO, the training operator."""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cluster import buildah, containers
from cluster.node import PAUSE
from cluster.place import IMAGES
from cluster.transfer import transfer
from servers.programs import MINIO, TRAINING_OPERATOR

MINIO_IMAGE = "localhost/embtune/minio:test"
TRAINING_OPERATOR_IMAGE = "localhost/embtune/training-operator:test"


@dataclass(frozen=True)
class SmallImage:
    name: str
    program: Path
    entry: tuple[str, ...]

    @property
    def dockerfile(self) -> str:
        words = ", ".join(f'"{word}"' for word in self.entry)
        return f"FROM scratch\nCOPY {self.program.name} {self.entry[0]}\nENTRYPOINT [{words}]\n"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.dockerfile.encode() + self.program.read_bytes()).hexdigest()


def small_images() -> tuple[SmallImage, ...]:
    pause = Path(shutil.which("catatonit") or "catatonit")
    return (
        SmallImage(PAUSE, pause, ("/catatonit", "-P")),
        SmallImage(MINIO_IMAGE, MINIO.path, ("/minio",)),
        SmallImage(TRAINING_OPERATOR_IMAGE, TRAINING_OPERATOR.path, ("/manager",)),
    )


def ensure() -> list[str]:
    """Bring what containerd lacks of them into it; their names."""
    made = [image for image in small_images() if not _is_there(image)]
    for image in made:
        _make(image)
    return [image.name for image in made]


def _is_there(image: SmallImage) -> bool:
    note = _note(image)
    return image.name in containers.images() and note.is_file() and note.read_text() == image.digest


def _make(image: SmallImage) -> None:
    with tempfile.TemporaryDirectory(dir=IMAGES) as context:
        shutil.copy(image.program, context)
        Path(context, "Dockerfile").write_text(image.dockerfile)
        buildah.build(image.name, Path(context))
    transfer(image.name)
    buildah.remove(image.name)
    _note(image).write_text(image.digest)


def _note(image: SmallImage) -> Path:
    return IMAGES / f"{image.name.replace('/', '-').replace(':', '-')}.digest"
