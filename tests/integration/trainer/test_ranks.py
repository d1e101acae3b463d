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
    (one, batch_of_one), (two, batch_of_two) = (saved(folder / f"{loss}.npz") for folder in gradients)
    assert np.array_equal(batch_of_one, batch_of_two)
    cosine = one @ two / (np.linalg.norm(one) * np.linalg.norm(two))
    assert cosine >= 0.9999
    assert abs(np.linalg.norm(two) / np.linalg.norm(one) - 1) < 1e-4


def saved(file: Path) -> tuple[np.ndarray, np.ndarray]:
    """(gradient, batch)"""
    with np.load(file) as arrays:
        return arrays["gradient"], arrays["batch"]
