"""How many CPUs this process may use: those of a container's limit, where it has one."""

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def usable_cpus(cgroup: Path = CGROUP) -> int:
    """At least 1. More threads than that would stand still for most of the time: the kernel stops them all at once."""
    visible = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _quota(cgroup)
    return visible if quota is None else max(1, min(visible, math.ceil(quota)))


def _quota(cgroup: Path) -> float | None:
    """CPU seconds a second, by cgroup v2 or v1; None: no limit."""
    for quota_file, period_file in (("cpu.max", "cpu.max"), ("cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us")):
        try:
            quota = (cgroup / quota_file).read_text().split()[0]
            period = (cgroup / period_file).read_text().split()[-1]
        except (OSError, IndexError):
            continue
        return int(quota) / int(period) if quota.isdigit() and period.isdigit() and int(period) else None
    return None
