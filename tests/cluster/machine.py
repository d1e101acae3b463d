"""Whether this machine can carry a node, and the Debian packages that it takes."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "buildah": "buildah",
    "containers-storage": "containers-storage",
    "debootstrap": "debootstrap",
    "iproute2": "ip",
    "nftables": "nft",
    "conntrack": "conntrack",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "catatonit": "catatonit",
    "prometheus": "promtool",
}
"""Each with the program that shows that it is there."""
NO_SERVICE = Path("/usr/sbin/policy-rc.d")


def shortcomings() -> list[str]:
    """Why this machine cannot carry a node, one sentence each, with what to do; empty when it can."""
    if os.geteuid():
        return ["A node needs root, for namespaces, mounts and cgroups: run this as root, or give a cluster with KUBECONFIG=…"]
    found = [f"{name} is missing: apt-get install {name}" for name in missing_packages()]
    if _refuses("unshare", "--net", "--mount", "--pid", "--fork", "true"):
        found.append("The kernel gives no namespaces here (`unshare --net --mount --pid`): run this outside of the container.")
    if "overlay" not in Path("/proc/filesystems").read_text() and _refuses("modprobe", "overlay"):
        found.append("The kernel has no overlay file system, which images are mounted with.")
    return found


def missing_packages() -> list[str]:
    return [package for package, program in PACKAGES.items() if shutil.which(program) is None]


def install_packages() -> None:
    """Install what is missing where that is possible: as root, on Debian. No service is started."""
    missing = missing_packages()
    if not missing or os.geteuid() or shutil.which("apt-get") is None:
        return
    environ = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    own_policy = not NO_SERVICE.exists()
    if own_policy:
        NO_SERVICE.write_text("#!/bin/sh\nexit 101\n")
        NO_SERVICE.chmod(0o755)
    try:
        subprocess.run(["apt-get", "update", "-qq"], env=environ, check=True)
        subprocess.run(["apt-get", "install", "-qq", "-y", "--no-install-recommends", *missing], env=environ, check=True)
    finally:
        if own_policy:
            NO_SERVICE.unlink()


def _refuses(*command: str) -> bool:
    with tempfile.TemporaryFile() as unread:
        return shutil.which(command[0]) is None or subprocess.run(command, stdout=unread, stderr=unread).returncode != 0
