"""Any number of processes: the same batch, the same gradient."""

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


def first_gradient(processes: int, base: Path, rows: Path, folder: Path, loss: LossName) -> tuple[np.ndarray, np.ndarray]:
    out = folder / f"{processes}.npz"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", str(SCRIPT)]
    subprocess.run([*command, str(base), str(rows), str(out), loss], check=True, timeout=120)
    with np.load(out) as saved:
        return saved["gradient"], saved["batch"]


@pytest.mark.parametrize("loss", get_args(LossName))
def test_two_processes_have_the_first_gradient_of_one(
    loss: LossName, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path
) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(row) + "\n" for row in rows_for(loss, pairs)), encoding="utf-8")
    (one, batch_of_one), (two, batch_of_two) = (first_gradient(n, tiny_model, rows, tmp_path, loss) for n in (1, 2))
    assert np.array_equal(batch_of_one, batch_of_two)
    cosine = one @ two / (np.linalg.norm(one) * np.linalg.norm(two))
    assert cosine >= 0.9999
    assert abs(np.linalg.norm(two) / np.linalg.norm(one) - 1) < 1e-4
