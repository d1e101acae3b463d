"""`make images`: the operator's and the trainer's image from the repository's Dockerfiles, and the base that they take here.

A user's build takes python:3.12-slim; where no image registry is reached, the base comes from debootstrap.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from cluster import buildah, containers
from cluster.place import IMAGES
from cluster.progress import say, stage
from cluster.transfer import transfer

ROOT = Path(__file__).resolve().parents[2]
OPERATOR, TRAINER = "localhost/embtune/operator:test", "localhost/embtune/trainer:test"
DOCKERFILES = {OPERATOR: ROOT / "operator" / "Dockerfile", TRAINER: ROOT / "trainer-image" / "Dockerfile"}
SUITE, BASE_PACKAGES = "bookworm", "python3,python3-venv,ca-certificates"
BASE = f"localhost/embtune/base:{SUITE}"


def ensure() -> None:
    """Build what has changed and bring it to containerd, which runs. BASE_IMAGE and INDEX_URL are taken from the environment."""
    base = os.environ.get("BASE_IMAGE", "")
    if not base:
        _ensure_base()
    for name, dockerfile in DOCKERFILES.items():
        with stage(f"building {name}"):
            buildah.build(name, ROOT, dockerfile=dockerfile, arguments=_arguments(base or BASE))
            buildah.remove_waste()
        if name in containers.images() and _note(name).is_file() and _note(name).read_text() == buildah.image_id(name):
            say(f"{name} is as it was")
            continue
        with stage(f"importing {name}"):
            transfer(name)
            _note(name).write_text(buildah.image_id(name))


def _arguments(base: str) -> dict[str, str]:
    arguments = {"BASE_IMAGE": base}
    bundle = buildah.CERTIFICATES / "ca-certificates.crt"
    if bundle.exists():
        arguments["SSL_CERT_FILE"] = str(bundle)
    if "INDEX_URL" in os.environ:
        arguments["INDEX_URL"] = os.environ["INDEX_URL"]
    return arguments


def _ensure_base() -> None:
    if buildah.image_id(BASE):
        return
    with stage(f"base image of Debian {SUITE} by debootstrap"), tempfile.TemporaryDirectory(dir=IMAGES) as folder:
        root = Path(folder, "root")
        log = Path(folder, "log")
        with log.open("w") as output:
            command = ["debootstrap", "--variant=minbase", f"--include={BASE_PACKAGES}", SUITE, str(root)]
            if subprocess.run(command, stdout=output, stderr=output).returncode:
                raise RuntimeError(f"debootstrap failed:\n{log.read_text()[-2000:]}")
        for left in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man"):
            shutil.rmtree(root / left, ignore_errors=True)
        buildah.import_base(BASE, root)


def _note(name: str) -> Path:
    """Which image of that name containerd has."""
    return IMAGES / f"{name.replace('/', '-').replace(':', '-')}.imported"
