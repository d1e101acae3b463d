"""embtune's training with known positives left among the negatives, as the rival has them: for comparing like with like.

python -m bench.trainer.unmasked BASE ROWS.jsonl OUT SEED MAX_LENGTH
"""

import sys
from pathlib import Path

import numpy as np
import torch.distributed as dist

from bench.trainer.workload import Measured, keys, recipe
from embtune_api.training import Training
from embtune_store import open_store
from embtune_trainer.encoder import device_for, load_encoder
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop
from embtune_trainer.train.objectives.pairs import Ranking
from embtune_trainer.train.positives import KnownPositives
from embtune_trainer.train.precision import choose_arithmetic
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import read_records, tokenize_rows
from embtune_trainer.train.save import save


class NothingKnown(KnownPositives):
    """Every other row is a negative."""

    def mask(self, rows: np.ndarray) -> np.ndarray:
        return np.eye(len(rows), dtype=np.bool_)


def nothing_known(rows: int, scale: float) -> Ranking:
    """The objective of so many pairs, each of which knows its own positive alone."""
    return Ranking(NothingKnown([], [], None), np.zeros(rows, dtype=np.int64), scale)


def alone() -> None:
    """A process group of this process."""
    dist.init_process_group("gloo", init_method="tcp://127.0.0.1:0", rank=0, world_size=1)


def main() -> None:
    base, rows_file, out = map(Path, sys.argv[1:4])
    seed, max_length = map(int, sys.argv[4:6])
    alone()
    device = device_for(0)
    model = load_encoder(base, device)
    explicit: Training = recipe(seed, max_length)
    rows = tokenize_rows(read_records(rows_file.read_bytes()), model, explicit.explicit_max_seq_length)
    unmasked = nothing_known(len(rows), explicit.loss.explicit_scale)
    checkpoints = Checkpoints(open_store(f"{out}-scratch"), keys(seed))
    dtype = choose_arithmetic("Auto", device, Ranks()).dtype
    loop = Loop(model, rows, unmasked, explicit, Ranks(), checkpoints, dtype, lambda _: None, lambda: False)
    with Measured() as measured:
        outcome = loop.run()
    save(model, out)
    sys.stderr.write(f"{loop.chosen.name}, {loop.chosen.why}; padding {outcome.computed_tokens / outcome.tokens:.3f}\n")
    measured.tell(outcome.rows)


if __name__ == "__main__":
    main()
