"""How many texts fit into a GPU at once, found out before the first step: `training.microBatchSize: Auto`.

The longest texts of all rows are embedded, and a gradient is sent back through them: one, then twice as many each time, as long
as a tenth of the memory stays free. What fits is held at once from the first step on, so that memory does not run out in the
middle of an epoch. The loss's own matrices are not tried: they are small beside activations, and the free tenth is for them.

A CPU does not say how much memory a process may have: nothing is tried there.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from embtune_api.losses import CACHED
from embtune_api.training import Training
from embtune_api.training_record import MemoryProbe, TrainingFinding
from embtune_trainer.encoder import TokenIds
from embtune_trainer.out_of_memory import free
from embtune_trainer.train.checkpoints import MOMENTS
from embtune_trainer.train.gradient import BatchGradient
from embtune_trainer.train.rows import TrainingRows

FULL = 0.9
"""Share of the memory that may be used."""
BEYOND = 4
"""Times the job's batch that are tried, to tell of a larger one."""


class Gauge(Protocol):
    """Says how full a process's memory was."""

    def begin(self) -> None:
        """Forget how full it has been."""

    def fullest(self) -> float:
        """Share of what this process may have that it had since then, at most."""


@dataclass(frozen=True)
class GpuGauge:
    """What torch has reserved, of that and what nobody uses: several processes may share a GPU."""

    device: torch.device

    def begin(self) -> None:
        free()
        torch.cuda.reset_peak_memory_stats(self.device)

    def fullest(self) -> float:
        unused, _ = torch.cuda.mem_get_info(self.device)
        return torch.cuda.max_memory_reserved(self.device) / (unused + torch.cuda.memory_reserved(self.device))


def gauge_for(device: torch.device) -> Gauge | None:
    """None: this device does not say."""
    return GpuGauge(device) if device.type == "cuda" else None


def find_texts_at_once(gradient: BatchGradient, optimizer: torch.optim.Optimizer, batch_texts: int, gauge: Gauge) -> MemoryProbe:
    """All processes call it together, and find the same. No weight changes, and no gradient is left.

    Args:
        optimizer: if it has done no step yet, room is left for what it keeps of each weight.
        batch_texts: of the largest batch, on one process.
    """
    started = time.monotonic()
    model, ranks = gradient.model, gradient.ranks
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    kept = [torch.empty_like(parameter) for parameter in learning for _ in MOMENTS if parameter not in optimizer.state]
    longest = longest_texts(gradient.rows, BEYOND * batch_texts)
    fits, used = 1, 0.0
    for texts in _sizes(batch_texts, len(longest)):
        gauge.begin()
        ran = gradient.rehearse(longest[:texts])
        full = gauge.fullest()
        if ranks.any(not ran or full > FULL, learning[0].device):
            break
        fits, used = texts, full
    del kept
    free()
    return MemoryProbe(texts=fits, batch_texts=batch_texts, used=used, seconds=time.monotonic() - started)


def longest_texts(rows: TrainingRows, most: int) -> list[TokenIds]:
    """So many of all rows', or all of them, by falling length."""
    every = rows.of(np.arange(len(rows)))
    return sorted(every, key=len, reverse=True)[:most]


def room_for_more(probe: MemoryProbe | None, recipe: Training) -> list[TrainingFinding]:
    """A batch that is larger than the job's would fit as well, where more in-batch negatives come of it."""
    times = probe.texts // probe.batch_texts if probe else 0
    if probe is None or recipe.batch_size is None or times < 2 or recipe.loss.name not in CACHED:
        return []
    larger = times * recipe.batch_size
    message = (
        f"a batch of {larger} would fit at once, with the longest texts ({probe.used:.0%} of the memory): each query would have "
        f"{larger - 1} other answers to tell from its own, and not {recipe.batch_size - 1}. The job keeps its batch, so that it "
        f"gives the same on any machine. To try it set training.batchSize: {larger}, and compare on validation rows: fewer, "
        f"larger steps want a higher learning rate"
    )
    return [TrainingFinding(check="memory", message=message)]


def _sizes(batch_texts: int, most: int) -> Iterator[int]:
    """Such as come of halving the batch's, as running out of memory does; then of doubling them."""
    for halvings in reversed(range(batch_texts.bit_length())):
        if batch_texts >> halvings <= most:
            yield batch_texts >> halvings
    times = 2
    while times <= BEYOND and times * batch_texts <= most:
        yield times * batch_texts
        times *= 2
