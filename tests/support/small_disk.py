"""A disk that is really full: a small one of its own, which can be made larger."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = 4096
"""A tmpfs gives every file whole pages."""


@dataclass(frozen=True)
class SmallDisk:
    folder: Path

    def grow(self, size: int) -> None:
        """Make it `size` bytes large."""
        subprocess.run(["mount", "-o", f"remount,size={size}", str(self.folder)], check=True)


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[SmallDisk]:
    """A disk of `size` bytes, mounted at a new folder. Skips the test where that is not allowed."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"this machine mounts no tmpfs: {mounted.stderr.strip()}")
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def room_for(files: list[Path]) -> int:
    """Bytes that these files take."""
    return sum(-(-file.stat().st_size // PAGE) * PAGE for file in files)
