"""The encoder's own forward, each group padded to its longest text."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor

from embtune_trainer.encoder import GROUP_OVERHEAD_TOKENS, TokenIds, embed, length_groups


@dataclass(frozen=True)
class Padded:
    model: SentenceTransformer

    def __call__(self, texts: list[TokenIds], dtype: torch.dtype) -> Tensor:
        return embed(self.model, texts, dtype)

    def groups(self, lengths: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
        device = next(self.model.parameters()).device
        return length_groups(lengths, GROUP_OVERHEAD_TOKENS[device.type], most)

    def computed(self, lengths: NDArray[np.int64], dtype: torch.dtype) -> int:  # noqa: ARG002 - rounding is the packed forward's
        return len(lengths) * int(lengths.max())
