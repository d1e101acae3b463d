"""Any number of processes: the same batch, the same gradient."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).with_name("first_gradient.py")


def first_gradient(processes: int, base: Path, rows: Path, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    out = folder / f"{processes}.npz"
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", str(SCRIPT)]
    subprocess.run([*command, str(base), str(rows), str(out)], check=True, timeout=120)
    with np.load(out) as saved:
        return saved["gradient"], saved["batch"]


def test_two_processes_have_the_first_gradient_of_one(tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    rows.write_text("".join(json.dumps(pair) + "\n" for pair in pairs), encoding="utf-8")
    (one, batch_of_one), (two, batch_of_two) = (first_gradient(n, tiny_model, rows, tmp_path) for n in (1, 2))
    assert np.array_equal(batch_of_one, batch_of_two)
    cosine = one @ two / (np.linalg.norm(one) * np.linalg.norm(two))
    assert cosine >= 0.9999
    assert abs(np.linalg.norm(two) / np.linalg.norm(one) - 1) < 1e-4
