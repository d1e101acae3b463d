"""Trainings in this process whose memory is small, or which end in the middle."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch._C._distributed_c10d import HashStore

from embtune_api.training import Training
from embtune_trainer.encoder import load_encoder
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.gradient import BatchGradient
from embtune_trainer.train.looks import Looks
from embtune_trainer.train.loop import Loop
from embtune_trainer.train.memory import Memory
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import tokenize_rows
from embtune_trainer.train.validation import make_validation
from embtune_trainer.train.worker import batch_texts
from support.dying import Killed


@dataclass
class CrampedGradient(BatchGradient):
    """Memory runs out wherever rows × longest of what is embedded at once exceeds a budget."""

    budget: int | None
    from_step: int
    sizes: list[int] = field(default_factory=list)
    """Of all that was embedded at once, in order."""

    def _embed(self, step: int, number: int, group: Any, texts: Any) -> Tensor:
        size = len(group) * max(len(texts[index]) for index in group)
        self.sizes.append(size)
        if self.budget is not None and step >= self.from_step and size > self.budget:
            raise torch.OutOfMemoryError(f"{size} tokens at once are more than {self.budget}")
        return super()._embed(step, number, group, texts)


@dataclass
class Cramped(Loop):
    """With such a gradient, and an end in the middle."""

    budget: int | None = None
    from_step: int = 0
    """Before this one there is enough."""
    dies_at: int | None = None
    """Killed when it begins this step."""
    steps: list[tuple[int, list[int]]] = field(default_factory=list)
    """Steps that were begun, and the rows of their batches."""

    def _train_on(self, step: int, batch: Any, *rest: Any) -> tuple[Tensor, Tensor]:
        if step == self.dies_at:
            raise Killed
        self.steps.append((step, batch.tolist()))
        return super()._train_on(step, batch, *rest)

    @cached_property
    def gradient(self) -> BatchGradient:
        return CrampedGradient(**vars(super().gradient), budget=self.budget, from_step=self.from_step)


@dataclass
class BudgetGauge:
    """Says how much of its budget a training used."""

    loop: Cramped

    def begin(self) -> None:
        self.loop.gradient.sizes.clear()  # type: ignore[attr-defined]

    def fullest(self) -> float:
        largest: int = max(self.loop.gradient.sizes)  # type: ignore[attr-defined]
        return largest / (self.loop.budget or 1)


@contextmanager
def one_process() -> Iterator[Ranks]:
    """This process alone is the training."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    dist.init_process_group("gloo", store=HashStore(), rank=0, world_size=1)
    try:
        yield Ranks()
    finally:
        dist.destroy_process_group()
        torch.set_num_threads(threads)


def a_loop(
    base: Path, rows: list[dict[str, Any]], recipe: Training, ranks: Ranks, checkpoints: Checkpoints, **cramped: Any
) -> Cramped:
    """A training, ready to run; `validation`: rows that it looks at. Its budget is what it finds where it probes its memory."""
    model = load_encoder(base, torch.device("cpu"))
    asked = make_validation(cramped.pop("validation", []), model, recipe, questions=60)
    tokenized, objective = tokenize_rows(rows, model, recipe.explicit_max_seq_length), make_objective(rows, recipe.loss)
    loop = Cramped(
        model,
        tokenized,
        objective,
        recipe,
        ranks,
        checkpoints,
        cramped.pop("dtype", torch.float32),
        lambda _: None,
        cramped.pop("stop_asked", lambda: False),
        looks=Looks(asked, ranks, recipe.evaluation_steps or 0),
        memory=Memory.of(recipe, batch_texts(tokenized, recipe, ranks.world)),
        **cramped,
    )
    if recipe.micro_batch_size == "Auto":
        loop.gauge = BudgetGauge(loop)
    return loop
