"""How soon `embtune run` computes: importing is counted, and train and evaluate share what they load."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from support.real_model import real_model_mirror

EMBTUNE = Path(sys.executable).with_name("embtune")
EXAMPLE = Path(__file__).parents[3] / "examples" / "tldr"
ROWS = 1200


@dataclass(frozen=True)
class Starts:
    from_command: float
    """Seconds from the command to the first training step done; prepare and the import of torch are within."""
    training: float
    """Seconds from the prepared data to the first training step done."""
    evaluation: float
    """Seconds from the trained model to the first scored texts."""
    importing: float
    """Seconds that a process of its own takes to import sentence-transformers, for comparison."""


def measure() -> Starts:
    """Run a small job on the real model and watch its store."""
    with tempfile.TemporaryDirectory(prefix="embtune-bench-") as scratch:
        folder = Path(scratch)
        environment = os.environ | {"EMBTUNE_HUB_MIRROR": str(real_model_mirror(folder / "hub"))}
        command = [str(EMBTUNE), "run", str(_job(folder)), "--store", str(folder / "store")]
        started = time.monotonic()
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as run:
            prepared = _appears(folder, "prepare/*/manifest.json", run)
            first_step = _appears(folder, "train/*/progress.json", run)
            trained = _appears(folder, "train/*/manifest.json", run)
            first_score = _appears(folder, "evaluate/*/progress.json", run)
    return Starts(first_step - started, first_step - prepared, first_score - trained, _importing())


def _job(folder: Path) -> Path:
    rows = (EXAMPLE / "train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)[:ROWS]
    (folder / "train.jsonl").write_text("".join(rows), encoding="utf-8")
    return Path(shutil.copy(EXAMPLE / "job.yaml", folder))


def _appears(folder: Path, pattern: str, run: subprocess.Popen[bytes]) -> float:
    while not list(folder.glob(f"store/*/jobs/*/*/{pattern}")):
        if run.poll() is not None:
            raise RuntimeError(f"the run ended with {run.returncode} before {pattern} appeared")
        time.sleep(0.02)
    return time.monotonic()


def _importing() -> float:
    started = time.monotonic()
    subprocess.run([sys.executable, "-c", "import sentence_transformers"], check=True)
    return time.monotonic() - started
