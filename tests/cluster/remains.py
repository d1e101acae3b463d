"""What a node leaves on a machine besides its own programs, and its removal: containers, shims, mounts, cgroups, folders.

It goes by what is there and not by notes, so that it also cleans up after a crash in the middle of anything.
"""

import os
import shutil
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil

from cluster.daemons import has_ended
from cluster.place import CGROUP, CONTAINERD_SOCKET, LOGS, RUN, STATE
from servers.control_plane_commands import PROGRAM
from servers.programs import CACHE

CGROUPS = Path("/sys/fs/cgroup")
LINKS_TO_LOGS = Path("/var/log/containers")
DEVICE_PLUGINS = Path("/var/lib/kubelet/device-plugins/kubelet.sock")
EXECUTABLES = {"containerd", str(PROGRAM), str(CACHE / "bin" / "coredns")}
PATIENCE_SECONDS = 10


def kill() -> None:
    """End the containers, what holds them, and programs of the node of which no note was written."""
    _kill_containers()
    for process in [*_shims(), *_programs()]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
        if not has_ended(process):
            raise RuntimeError(f"Process {process.pid} of the node does not end.")


def remove() -> None:
    """Remove the rest. RuntimeError with what is left, if it cannot be."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        _unmount()
        _remove_strays()
        _remove_cgroups()
        shutil.rmtree(RUN, ignore_errors=True)
        shutil.rmtree(STATE, ignore_errors=True)
        left = found()
        if not left:
            return
        if time.monotonic() > deadline:
            raise RuntimeError(f"This is left of the node: {', '.join(left)}. Run `make cluster-down` again.")
        time.sleep(0.1)


def found() -> list[str]:
    """What is left, in words; empty after `remove`."""
    left = [f"process {process.pid}" for process in (*_shims(), *_programs())]
    left += [f"mount {point}" for point in _mounts()]
    left += [f"cgroup {folder}" for folder in _cgroups()]
    return left + [f"folder {folder}" for folder in (RUN, STATE) if folder.exists()]


def make_cgroups() -> None:
    """Make the cgroup that holds all pods, one for each controller of cgroup 1: kubelet wants to find it."""
    controllers = (
        [CGROUPS] if (CGROUPS / "cgroup.controllers").exists() else [mount for mount in CGROUPS.iterdir() if mount.is_dir()]
    )
    for controller in controllers:
        (controller / CGROUP).mkdir(exist_ok=True)


def _kill_containers() -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while pids := _pids_in_cgroups():
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        if time.monotonic() > deadline:
            raise RuntimeError(f"The processes {sorted(pids)} of the node's containers do not end.")
        time.sleep(0.05)


def _unmount() -> None:
    for point in _mounts():
        subprocess.run(["umount", "--lazy", point], capture_output=True)


def _remove_strays() -> None:
    """What kubelet and containerd put in fixed places: links to the pods' logs, and sockets, of which there are notes."""
    for link in LINKS_TO_LOGS.glob("*"):
        if link.is_symlink() and link.readlink().is_relative_to(LOGS):
            link.unlink()
    for note in RUN.glob("containerd/*/k8s.io/*/address"):
        Path(note.read_text().removeprefix("unix://")).unlink(missing_ok=True)
    DEVICE_PLUGINS.unlink(missing_ok=True)
    for folder in (DEVICE_PLUGINS.parent, DEVICE_PLUGINS.parents[1], LINKS_TO_LOGS):
        with suppress(OSError):  # it is not empty, or not there
            folder.rmdir()


def _remove_cgroups() -> None:
    for folder in _cgroups():
        for inner, _, _ in os.walk(folder, topdown=False):
            with suppress(OSError):
                Path(inner).rmdir()


def _shims() -> list[psutil.Process]:
    """Each container is held by a shim, which is told where our containerd listens."""
    return [process for process in psutil.process_iter(["cmdline"]) if _serves_us(process.info["cmdline"] or [])]


def _serves_us(words: list[str]) -> bool:
    return bool(words) and "containerd-shim" in words[0] and str(CONTAINERD_SOCKET) in words


def _programs() -> list[psutil.Process]:
    """Those that were started with files of our folder; a kubectl or an operator of a user is none of them."""
    return [process for process in psutil.process_iter(["cmdline"]) if _is_ours(process.info["cmdline"] or [])]


def _is_ours(words: list[str]) -> bool:
    return bool(words) and words[0] in EXECUTABLES and any(f"{STATE}/" in word for word in words)


def _mounts() -> list[str]:
    """Below our folders, the latest first."""
    points = [line.split()[1].encode().decode("unicode_escape") for line in Path("/proc/self/mounts").read_text().splitlines()]
    return [point for point in reversed(points) if any(Path(point).is_relative_to(folder) for folder in (STATE, RUN))]


def _cgroups() -> list[Path]:
    """One for each controller of cgroup 1, or the single one of cgroup 2."""
    return [folder for folder in (CGROUPS / CGROUP, *CGROUPS.glob(f"*/{CGROUP}")) if folder.is_dir()]


def _pids_in_cgroups() -> set[int]:
    found: set[int] = set()
    for top in _cgroups():
        for file in top.rglob("cgroup.procs"):
            with suppress(OSError):
                found.update(map(int, file.read_text().split()))
    return found
