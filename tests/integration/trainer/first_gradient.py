"""Under torchrun: the gradient and the batch of a training's first step with each loss, written by rank 0.

torchrun --nproc-per-node N first_gradient.py BASE FOLDER OUT

FOLDER holds the rows of each loss as LOSS.jsonl; OUT/LOSS.npz is written.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from embtune_api.keys import StepKeys
from embtune_api.training import Loss, Training
from embtune_store import open_store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop, Outcome
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import read_records, tokenize_rows


def main() -> None:
    base, folder, out = (Path(argument) for argument in sys.argv[1:])
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    ranks = Ranks()
    for rows_file in sorted(folder.glob("*.jsonl")):
        gradient, batch = first_gradient(base, rows_file, ranks)
        if ranks.first:
            np.savez(out / f"{rows_file.stem}.npz", gradient=gradient.numpy(), batch=batch)
    dist.destroy_process_group()


def first_gradient(base: Path, rows_file: Path, ranks: Ranks) -> tuple[torch.Tensor, np.ndarray]:
    """The whole gradient as one vector, and the numbers of the rows."""
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
    loop = Loop(model, rows, objective, recipe, ranks, checkpoints, False, lambda _: None, lambda: False)
    loop._prepare_model()
    batch = objective.batches(32, epoch=0, seed=7)[0]
    loop._backward(0, batch, Outcome())
    ranks.sum_gradients(model)
    return torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None]), batch


if __name__ == "__main__":
    main()
