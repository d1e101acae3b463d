"""Threads follow a container's limit."""

import os
from pathlib import Path

import pytest

from embtune_trainer.cpus import usable_cpus

VISIBLE = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("files", "cpus"),
    [
        pytest.param({"cpu.max": "100000 100000\n"}, 1, id="one core, cgroup v2"),
        pytest.param({"cpu.max": "50000 100000\n"}, 1, id="half a core"),
        pytest.param({"cpu.max": "max 100000\n"}, VISIBLE, id="no limit"),
        pytest.param({"cpu.max": "99900000 100000\n"}, VISIBLE, id="more than there is"),
        pytest.param({"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 1, id="one core, cgroup v1"),
        pytest.param({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, VISIBLE, id="no limit, cgroup v1"),
        pytest.param({"cpu.max": ""}, VISIBLE, id="nothing sensible"),
        pytest.param({}, VISIBLE, id="no cgroups"),
    ],
)
def test_usable_cpus(tmp_path: Path, files: dict[str, str], cpus: int) -> None:
    (tmp_path / "cpu").mkdir()
    for name, content in files.items():
        (tmp_path / name).write_text(content)
    assert usable_cpus(tmp_path) == cpus
