"""Any number of processes: the same batch, the same gradient, with every loss."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from embtune_api.losses import LossName
from support.training_rows import rows_for

SCRIPT = Path(__file__).with_name("first_gradient.py")


@pytest.fixture(scope="module")
def gradients(tiny_model: Path, pairs: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders of first gradients, of one process and of two."""
    rows = tmp_path_factory.mktemp("rows")
    for loss in get_args(LossName):
        lines = (json.dumps(row) + "\n" for row in rows_for(loss, pairs))
        (rows / f"{loss}.jsonl").write_text("".join(lines), encoding="utf-8")
    folders = []
    for processes in (1, 2):
        folders.append(tmp_path_factory.mktemp(f"processes-{processes}"))
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", str(SCRIPT)]
        subprocess.run([*command, str(tiny_model), str(rows), str(folders[-1])], check=True, timeout=300)
    return folders


@pytest.mark.parametrize("loss", get_args(LossName))
def test_two_processes_have_the_first_gradient_of_one(gradients: list[Path], loss: LossName) -> None:
    one, two = (saved(folder / f"{loss}.npz") for folder in gradients)
    assert np.array_equal(one["batch"], two["batch"])
    assert_same(two["gradient"], one["gradient"])


@pytest.mark.parametrize("loss", get_args(LossName))
def test_memory_that_runs_out_on_one_process_changes_no_gradient(gradients: list[Path], loss: LossName) -> None:
    """The first rank hears of it from the last one: both hold half as many texts from then on."""
    for run in (saved(folder / f"{loss}.npz") for folder in gradients):
        assert run["halvings"] >= 1
        assert_same(run["cramped"], run["gradient"])


def assert_same(gradient: np.ndarray, other: np.ndarray) -> None:
    cosine = gradient @ other / (np.linalg.norm(gradient) * np.linalg.norm(other))
    assert cosine >= 0.9999
    assert abs(np.linalg.norm(gradient) / np.linalg.norm(other) - 1) < 1e-4


def saved(file: Path) -> dict[str, np.ndarray]:
    with np.load(file) as arrays:
        return dict(arrays)
