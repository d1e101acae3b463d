"""Under torchrun: the gradient and the batch of a training's first step with each loss, written by rank 0; and the same gradient
where memory runs out on the last rank.

torchrun --nproc-per-node N first_gradient.py BASE FOLDER OUT

FOLDER holds the rows of each loss as LOSS.jsonl; OUT/LOSS.npz is written.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from embtune_api.keys import StepKeys
from embtune_api.training import Loss, Training
from embtune_store import open_store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import read_records, tokenize_rows

BUDGET = 120
"""Rows × longest that may be embedded at once where memory is small."""


class Cramped(Loop):
    """Memory runs out on the last rank."""

    def _embed(self, step: int, number: int, group: Any, texts: Any) -> torch.Tensor:
        size = len(group) * max(len(texts[index]) for index in group)
        if self.ranks.rank == self.ranks.world - 1 and size > BUDGET:
            raise torch.OutOfMemoryError(f"{size} tokens are more than {BUDGET}")
        return super()._embed(step, number, group, texts)


def main() -> None:
    base, folder, out = (Path(argument) for argument in sys.argv[1:])
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    ranks = Ranks()
    for rows_file in sorted(folder.glob("*.jsonl")):
        gradient, batch, _ = first_gradient(base, rows_file, ranks, Loop)
        cramped, _, halvings = first_gradient(base, rows_file, ranks, Cramped)
        if ranks.first:
            file = out / f"{rows_file.stem}.npz"
            np.savez(file, gradient=gradient, cramped=cramped, batch=batch, halvings=halvings)
    dist.destroy_process_group()


def first_gradient(base: Path, rows_file: Path, ranks: Ranks, kind: type[Loop]) -> tuple[np.ndarray, np.ndarray, int]:
    """The whole gradient as one vector, the numbers of the rows, and how often memory ran out."""
    recipe = Training(
        loss=Loss.model_validate({"name": rows_file.stem}),
        epochs=1,
        batch_size=32,
        learning_rate=1e-3,
        max_seq_length=32,
        dropout=0.0,
        seed=7,
        checkpoint_steps=1000,
    )
    model = load_encoder(base, torch.device("cpu"))
    records = read_records(rows_file.read_bytes())
    rows, objective = tokenize_rows(records, model, recipe.max_seq_length), make_objective(records, recipe.loss)
    checkpoints = Checkpoints(open_store("memory://"), StepKeys("unused"))
    loop = kind(model, rows, objective, recipe, ranks, checkpoints, False, lambda _: None, lambda: False)
    loop._prepare_model()
    batch = objective.batches(32, epoch=0, seed=7)[0]
    loop._backward(0, batch, Outcome())
    ranks.sum_gradients(model)
    gradient = torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None])
    return gradient.numpy(), batch, len(loop.memory.events)


if __name__ == "__main__":
    main()
