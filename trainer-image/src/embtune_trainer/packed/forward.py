"""What turns token ids into sentence embeddings."""

from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embtune_trainer.encoder import TokenIds


class Forward(Protocol):
    """One way to compute a group of texts."""

    def __call__(self, texts: list[TokenIds], dtype: torch.dtype) -> Tensor:
        """Sentence embeddings (texts, dim) float32; differentiable unless under `no_grad`.

        Args:
            dtype: of matrix products; weights are float32.
        """

    def groups(self, lengths: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
        """Indices of the texts that are best computed together, `most` at once."""

    def computed(self, lengths: NDArray[np.int64], dtype: torch.dtype) -> int:
        """Tokens that a group of texts of these lengths costs."""
