"""Under torchrun: the gradient and the batch of a training's first step with each loss, written by rank 0.

torchrun --nproc-per-node N first_gradient.py FOLDER OUT

FOLDER holds a request to train with each loss as LOSS.json; OUT/LOSS.npz is written.
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist

from embtune_api.keys import StepKeys
from embtune_api.requests import TrainRequest
from embtune_store import open_store
from embtune_trainer.encoder import fetch_model, load_encoder
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop, Outcome
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import read_records, tokenize_rows
from embtune_trainer.train.teaching import ask_teacher


def main() -> None:
    folder, out = (Path(argument) for argument in sys.argv[1:])
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    ranks = Ranks()
    for file in sorted(folder.glob("*.json")):
        gradient, batch = first_gradient(TrainRequest.model_validate_json(file.read_bytes()), ranks)
        if ranks.first:
            np.savez(out / f"{file.stem}.npz", gradient=gradient.numpy(), batch=batch)
    dist.destroy_process_group()


def first_gradient(request: TrainRequest, ranks: Ranks) -> tuple[torch.Tensor, np.ndarray]:
    """The whole gradient as one vector, and the numbers of the rows."""
    store, recipe, device = open_store(request.store), request.training, torch.device("cpu")
    model = load_encoder(fetch_model(store, request.base), device)
    records = read_records(store.get(request.rows.key))
    lessons = ask_teacher(request, records, store, ranks, device, model.get_embedding_dimension(), lambda _: None)
    rows = tokenize_rows(records, model, recipe.max_seq_length)
    objective = make_objective(records, recipe.loss, lessons, recipe.matryoshka)
    checkpoints = Checkpoints(open_store("memory://"), StepKeys("unused"))
    loop = Loop(model, rows, objective, recipe, ranks, checkpoints, False, lambda _: None, lambda: False)
    loop._prepare_model()
    batch = objective.batches(loop._batch_size, epoch=0, seed=recipe.seed)[0]
    loop._backward(0, batch, Outcome())
    ranks.sum_gradients(model)
    return torch.cat([p.grad.reshape(-1) for p in model.parameters() if p.grad is not None]), batch


if __name__ == "__main__":
    main()
