"""Whether memory ran out, on a GPU or on a CPU, and giving back what is left of a failed attempt."""

import gc
import sys
from collections.abc import Callable
from typing import TypeVar

import torch

from embtune_api.errors import EmbtuneError

T = TypeVar("T")

_CPU_SAYS = ("can't allocate memory", "not enough memory")
"""How torch's allocator for CPUs says it: it has no class of its own for that."""


def ran_out(error: BaseException) -> bool:
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or any(words in str(error) for words in _CPU_SAYS)


def free() -> None:
    """To be called where the failed attempt's tensors are out of reach."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def with_less_at_once(work: Callable[[int], T], at_once: int) -> tuple[T, int]:
    """`work(at_once)`, with half as many texts whenever memory runs out.

    Returns:
        What it gives, and with how many texts at once it did.

    Raises:
        EmbtuneError: one text alone is too much.
    """
    while True:
        try:
            return work(at_once), at_once
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
        free()
        if at_once == 1:
            raise EmbtuneError(
                "encoding ran out of memory with a single text in it. Lower the model's own limit, max_seq_length, start from a "
                "smaller base model, or choose a profile with more memory"
            )
        at_once //= 2
        sys.stderr.write(f"memory ran out: {at_once} texts at once from here on\n")
