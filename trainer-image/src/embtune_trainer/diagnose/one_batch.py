"""Learning one batch by heart: what cannot even do that is broken, whatever the rest of the rows says.

Karpathy 2019, "A Recipe for Training Neural Networks": overfit one batch. How low the loss can come is not known beforehand: of
most losses it is not 0. So it is looked for with vectors that are free to be anything, of the same length as the model's.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from embtune_api.diagnosis import OneBatch
from embtune_trainer.diagnose.bench import Bench, Lesson
from embtune_trainer.train.batches import Rows

ENOUGH = 0.95
"""Share of what can be learnt, at which the attempt ends."""
_FREE_STEPS = 300
_FREE_RATE = 0.05


def learn_one_batch(bench: Bench, lesson: Lesson, batch: Rows, rates: Sequence[float], steps: int, *, unit: bool) -> OneBatch:
    """
    Args:
        rates: tried one after the other, until one of them is enough; the best attempt is told.
        unit: the model's vectors have length 1.
    """
    bench.restore(dropout=0.0)
    own = bench.embeddings(lesson, batch)
    numbers: dict[bytes, int] = {}
    same = np.array([numbers.setdefault(text.tobytes(), len(numbers)) for text in lesson.rows.of(batch)], dtype=np.int64)
    floor_if_distinct = floor_of(lesson, batch, own, np.arange(len(same)), unit=unit)
    floor = floor_of(lesson, batch, own, same, unit=unit) if len(numbers) < len(same) else floor_if_distinct
    attempts = []
    for rate in rates:
        attempts.append(_attempt(bench, lesson, batch, rate, steps, floor, min(floor, floor_if_distinct)))
        if attempts[-1].learnt >= ENOUGH:
            break
    return min(attempts, key=lambda attempt: attempt.reached)


def _attempt(
    bench: Bench, lesson: Lesson, batch: Rows, rate: float, steps: int, floor: float, floor_if_distinct: float
) -> OneBatch:
    optimizer = bench.restore(dropout=0.0)
    losses: list[float] = []
    for number in range(steps):
        done = bench.step(lesson, batch, number, rate, optimizer)
        if not done.is_finite:
            break
        losses.append(done.loss)
        if losses[0] - done.loss >= ENOUGH * (losses[0] - floor) and losses[0] > floor:
            break
    start = losses[0] if losses else 0.0
    return OneBatch(
        rows=len(batch),
        steps=len(losses),
        rate=rate,
        start=start,
        reached=min(losses, default=start),
        floor=min(floor, start),
        floor_if_distinct=min(floor_if_distinct, start),
    )


def floor_of(lesson: Lesson, batch: Rows, start: Tensor, same: NDArray[np.int64], *, unit: bool) -> float:
    """The lowest loss that vectors reach that are free to be anything: of a model that could learn whatever it likes.

    Args:
        start: (texts, dim), where they begin
        same: (texts,), equal numbers for texts that must have the same vector
    """
    places = torch.from_numpy(same).to(start.device)
    first = torch.from_numpy(np.unique(same, return_index=True)[1]).to(start.device)
    free = start.detach()[first].clone().requires_grad_()
    optimizer = torch.optim.Adam([free], lr=_FREE_RATE * float(free.detach().norm(dim=1).mean()))
    lowest = float("inf")
    for _ in range(_FREE_STEPS):
        optimizer.zero_grad()
        vectors = functional.normalize(free, dim=1) if unit else free
        loss = lesson.objective.loss(vectors[places], batch).value
        lowest = min(lowest, float(loss.detach()))
        if not loss.requires_grad:
            break
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return lowest
