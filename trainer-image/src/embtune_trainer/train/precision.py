"""In which arithmetic a training computes: what was asked for, or the fastest that the hardware of all its processes has."""

from dataclasses import dataclass
from typing import Literal

import torch

from embtune_api.training_record import Precision
from embtune_trainer.encoder import has_bf16, has_fp16
from embtune_trainer.train.ranks import Ranks

DTYPES: dict[Precision, torch.dtype] = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass(frozen=True)
class Fast:
    """What one process's hardware computes faster than fp32."""

    bf16: bool
    fp16: bool

    @classmethod
    def on(cls, device: torch.device) -> "Fast":
        return cls(has_bf16(device), has_fp16(device))


@dataclass(frozen=True)
class Arithmetic:
    """Of matrix products; weights, gradients and the optimizer's moments are fp32."""

    precision: Precision
    why: str
    """One clause, for the report."""

    @property
    def dtype(self) -> torch.dtype:
        return DTYPES[self.precision]


def choose_arithmetic(
    asked: Literal["Auto", Precision], device: torch.device, ranks: Ranks, fast: Fast | None = None
) -> Arithmetic:
    """The same on all processes, which call it together: nodes may have GPUs of several kinds.

    Args:
        fast: what this process's hardware has; None: look.
    """
    if asked != "Auto":
        return Arithmetic(asked, "it was asked for")
    own = fast or Fast.on(device)
    some_have_bf16, some_lack_bf16, some_lack_fp16 = (ranks.any(seen, device) for seen in (own.bf16, not own.bf16, not own.fp16))
    if not some_lack_bf16:
        return Arithmetic("bf16", "the hardware has it")
    without = "the hardware of some processes has no bf16" if some_have_bf16 else "the hardware has no bf16"
    if not some_lack_fp16:
        return Arithmetic("fp16", without)
    return Arithmetic("fp32", f"{without}, and is no GPU with tensor cores for fp16")
