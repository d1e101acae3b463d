"""buildah with a storage of its own, so that the images of this machine's user stay as they are."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from cluster.place import BUILDAH_ROOT

CERTIFICATES = Path("/etc/ssl/certs")
_STORAGE = ["--root", str(BUILDAH_ROOT), "--runroot", str(BUILDAH_ROOT / "run"), "--storage-driver", "overlay"]


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


def push(name: str, layout: Path) -> None:
    """Into a folder in OCI layout. What lies there already is not written again, and nothing is compressed: it is read once."""
    _buildah("push", "--quiet", "--format", "oci", "--disable-compression", name, f"oci:{layout}:{name}")


def image_id(name: str) -> str:
    """Empty where there is no such image."""
    done = subprocess.run(["buildah", *_STORAGE, "images", "--quiet", "--no-trunc", name], capture_output=True, text=True)
    return done.stdout.strip()


def remove(name: str) -> None:
    _buildah("rmi", name)


def _buildah(*arguments: str) -> str:
    BUILDAH_ROOT.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["buildah", *_STORAGE, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"`buildah {arguments[0]}` failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout
