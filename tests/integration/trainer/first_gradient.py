"""Under torchrun: the gradient and the batch of a training's first step, written by rank 0.

torchrun --nproc-per-node N first_gradient.py BASE ROWS.jsonl OUT.npz
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from embtune_api.keys import StepKeys
from embtune_api.spec import Training
from embtune_store import open_store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.train.batches import global_batches
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop, Outcome
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import read_pairs


def main() -> None:
    base, rows_file, out = (Path(argument) for argument in sys.argv[1:])
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    recipe = Training(epochs=1, batch_size=32, learning_rate=1e-3, max_seq_length=32, dropout=0.0, seed=7, checkpoint_steps=1000)
    model = load_encoder(base, torch.device("cpu"))
    rows = read_pairs(rows_file.read_bytes(), model, recipe.max_seq_length)
    ranks = Ranks()
    checkpoints = Checkpoints(open_store("memory://"), StepKeys("unused"))
    loop = Loop(model, rows, recipe, ranks, checkpoints, False, lambda _: None, lambda: False)
    loop._prepare_model()
    batch = global_batches(len(rows), 32, epoch=0, seed=7)[0]
    loop._backward(0, batch, Outcome())
    ranks.sum_gradients(model)
    gradient = torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None])
    if ranks.first:
        np.savez(out, gradient=gradient.numpy(), batch=batch)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
