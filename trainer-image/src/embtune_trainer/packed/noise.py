"""Dropout's random numbers: drawn by numpy, many times faster on a CPU than torch's own.

Each draw is 16 bits, four from one output of SFC64 (Doty-Humphrey's generator, as numpy has it), and says kept or dropped at a
resolution of 1/65,536. The seed comes from torch's generator: whoever seeds that fixes every draw that follows.
"""

import math

import numpy as np
import torch
from torch import Tensor

ONE = {
    torch.bfloat16: (np.uint16, np.int16, 0x3F80),
    torch.float16: (np.uint16, np.int16, 0x3C00),
    torch.float32: (np.uint32, np.int32, 0x3F800000),
}
"""Of a type: how wide it is, and the bits of its 1.0."""


class Noise:
    """Draws of one forward, one after the other."""

    def __init__(self) -> None:
        self._draws = np.random.Generator(np.random.SFC64(int(torch.empty((), dtype=torch.int64).random_())))

    def keep(self, shape: tuple[int, ...], p: float, dtype: torch.dtype) -> Tensor:
        """0 with probability `p`, else 1."""
        unsigned, signed, one = ONE[dtype]
        count = math.prod(shape)
        draws = self._draws.integers(0, 2**64, dtype=np.uint64, size=-(-count // 4)).view(np.uint16)[:count]
        bits = (draws >= np.uint16(round(p * 65536))).astype(unsigned)
        bits *= unsigned(one)
        return torch.from_numpy(bits.view(signed)).view(dtype).view(shape)
