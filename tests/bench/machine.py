"""Where and with what a bench runs."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any


def cores() -> int:
    """Threads that a bench may compute with: OMP_NUM_THREADS, so that two benches can share a machine; otherwise 2."""
    return int(os.environ.get("OMP_NUM_THREADS", "2"))


def use_cores() -> None:
    """torch alone would take what it finds."""
    import torch

    torch.set_num_threads(cores())


def machine() -> dict[str, Any]:
    """The fields of `record.Measured`."""
    import torch

    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True)
    names = (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    cpu = next(names, platform.processor()).rpartition(":")[2].strip()
    return {"commit": commit.stdout.strip(), "cpu": cpu, "torch": torch.__version__}
