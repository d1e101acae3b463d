"""Under torchrun: the gradient and the batch of a training's first step with each loss, written by rank 0; and the same gradient
where memory runs out on the last rank. Then a training in fp16 whose gradient overflows on the last rank alone.

torchrun --nproc-per-node N first_gradient.py FOLDER OUT

FOLDER holds a request to train with each loss as LOSS.json; OUT/LOSS.npz is written, and OUT/fp16-RANK.npz by each rank.
"""

import sys
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from embtune_api.keys import StepKeys
from embtune_api.requests import TrainRequest
from embtune_store import open_store
from embtune_trainer.encoder import fetch_model, load_encoder
from embtune_trainer.train.auxiliary import with_auxiliary
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.gradient import BatchGradient
from embtune_trainer.train.loop import Loop
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.precision import Fast, choose_arithmetic
from embtune_trainer.train.probe import find_texts_at_once
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import read_records, tokenize_rows
from embtune_trainer.train.teaching import ask_teacher

BUDGET = 120
"""Rows × longest that may be embedded at once where memory is small."""


class CrampedGradient(BatchGradient):
    """Memory runs out on the last rank."""

    def _embed(self, step: int, number: int, group: Any, texts: Any) -> torch.Tensor:
        size = len(group) * max(len(texts[index]) for index in group)
        if self.ranks.rank == self.ranks.world - 1 and size > BUDGET:
            raise torch.OutOfMemoryError(f"{size} tokens are more than {BUDGET}")
        return super()._embed(step, number, group, texts)


class Cramped(Loop):
    @cached_property
    def gradient(self) -> BatchGradient:
        return CrampedGradient(**vars(super().gradient))


class Roomy:
    """Memory that is never nearly full."""

    def begin(self) -> None:
        """Nothing to forget."""

    def fullest(self) -> float:
        return 0.0


class OverflowingGradient(BatchGradient):
    """In the second step the gradient of the last rank's first texts overflows."""

    def _embed(self, step: int, number: int, group: Any, texts: Any) -> torch.Tensor:
        embeddings = super()._embed(step, number, group, texts)
        if self.ranks.rank == self.ranks.world - 1 and (step, number) == (1, 0):
            embeddings.register_hook(lambda gradient: gradient * float("inf"))  # type: ignore[no-untyped-call]
        return embeddings


class Overflowing(Loop):
    @cached_property
    def gradient(self) -> BatchGradient:
        return OverflowingGradient(**vars(super().gradient))


def main() -> None:
    folder, out = (Path(argument) for argument in sys.argv[1:])
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    ranks = Ranks()
    for file in sorted(folder.glob("*.json")):
        request = TrainRequest.model_validate_json(file.read_bytes())
        gradient, batch, _ = first_gradient(a_loop(request, ranks, Loop))
        cramped, _, halvings = first_gradient(a_loop(request, ranks, Cramped))
        if ranks.first:
            place = out / f"{file.stem}.npz"
            np.savez(place, gradient=gradient, cramped=cramped, batch=batch, halvings=halvings)
    request = TrainRequest.model_validate_json((folder / "MultipleNegativesRanking.json").read_bytes())
    np.savez(out / f"fp16-{ranks.rank}.npz", **in_fp16(request, ranks))  # type: ignore[arg-type]
    dist.destroy_process_group()


def in_fp16(request: TrainRequest, ranks: Ranks) -> dict[str, np.ndarray]:
    """What a rank knows after the training; then the arithmetic that it takes where only the first rank's hardware has bf16, and
    how many texts it finds to fit where only the last rank's memory is small."""
    loop = a_loop(request, ranks, Overflowing, torch.float16)
    outcome = loop.run()
    assert loop.scaling.state is not None
    fast = Fast(bf16=ranks.first, fp16=True)
    cramped = a_loop(request, ranks, Cramped)
    probe = find_texts_at_once(cramped.gradient, cramped._optimizer(), len(loop.rows), Roomy())
    return {
        "weights": torch.cat([p.detach().reshape(-1) for p in loop.model.parameters()]).numpy(),
        "scale": np.array(loop.scaling.state.scale),
        "skipped": np.array(outcome.skipped_steps),
        "texts": np.array(probe.texts),
        "precision": np.array(choose_arithmetic("Auto", torch.device("cpu"), ranks, fast).precision),
    }


def a_loop(request: TrainRequest, ranks: Ranks, kind: type[Loop], dtype: torch.dtype = torch.float32) -> Loop:
    """The training that is asked for, ready to run."""
    store, recipe, device = open_store(request.store), request.training, torch.device("cpu")
    model = load_encoder(fetch_model(store, request.base), device)
    records = read_records(store.get(request.rows.key))
    lessons = ask_teacher(request, records, store, ranks, device, model.get_embedding_dimension(), lambda _: None)
    rows = tokenize_rows(records, model, recipe.explicit_max_seq_length)
    objective = make_objective(records, recipe.loss, lessons, recipe.matryoshka)
    rows, objective = with_auxiliary(rows, objective, request.auxiliary, store, model, recipe)
    checkpoints = Checkpoints(open_store("memory://"), StepKeys("unused"))
    return kind(model, rows, objective, recipe, ranks, checkpoints, dtype, lambda _: None, lambda: False)


def first_gradient(loop: Loop) -> tuple[np.ndarray, np.ndarray, int]:
    """The whole gradient as one vector, the numbers of the rows, and how often memory ran out."""
    loop._prepare_model()
    batch = loop.objective.batches(loop._batch_size, epoch=0, seed=loop.recipe.seed)[0]
    loop.gradient.backward(0, batch, Outcome())
    loop.ranks.sum_gradients(loop.model)
    gradient = torch.cat([p.grad.reshape(-1) for p in loop.model.parameters() if p.grad is not None])
    return gradient.numpy(), batch, len(loop.memory.events)


if __name__ == "__main__":
    main()
