"""buildah with a storage of its own, so that the images of this machine's user stay as they are."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from cluster.image_store import STORAGE, waste
from cluster.place import BUILDAH_ROOT

CERTIFICATES = Path("/etc/ssl/certs")
WASTE_BYTES = 3_000_000_000
"""What earlier builds may leave behind before it is removed: with it goes what the next build could have reused."""


def build(name: str, context: Path, *, dockerfile: Path | None = None, arguments: Mapping[str, str] | None = None) -> None:
    """Build without a container engine; layers that are known are taken as they are.

    The build shares this machine's network, and its certificate authorities, of which it may have more than the base image.
    """
    words = [word for key, value in (arguments or {}).items() for word in ("--build-arg", f"{key}={value}")]
    trust = ["--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"] if CERTIFICATES.is_dir() else []
    file = ["--file", str(dockerfile)] if dockerfile else []
    how = ["--layers", "--isolation", "chroot", "--network", "host", "--format", "oci"]
    _buildah("build", *how, *trust, *words, *file, "--tag", name, str(context))


def import_base(name: str, root: Path) -> None:
    """An image of one layer from a root file system."""
    container = _buildah("from", "scratch").strip()
    try:
        _buildah("add", "--quiet", container, f"{root}/.", "/")
        _buildah("commit", "--quiet", container, name)
    finally:
        _buildah("rm", container)


def image_id(name: str) -> str:
    """Empty where there is no such image."""
    done = subprocess.run(["buildah", *STORAGE, "images", "--quiet", "--no-trunc", name], capture_output=True, text=True)
    return done.stdout.strip()


def remove(name: str) -> None:
    _buildah("rmi", name)


def remove_waste() -> None:
    """Keep what named images stand on, so that a change of the lock does not cost 6 GB for ever."""
    if waste() > WASTE_BYTES:
        _buildah("rmi", "--prune")


def _buildah(*arguments: str) -> str:
    BUILDAH_ROOT.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["buildah", *STORAGE, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"`buildah {arguments[0]}` failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout
