"""What turns token ids into sentence embeddings."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from embtune_trainer.encoder import TokenIds


class Forward(Protocol):
    """One way to compute a group of texts."""

    def __call__(self, texts: list[TokenIds], bf16: bool) -> Tensor:
        """Sentence embeddings (texts, dim) float32; differentiable unless under `no_grad`."""

    def groups(self, lengths: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
        """Indices of the texts that are best computed together, `most` at once."""

    def computed(self, lengths: NDArray[np.int64], bf16: bool) -> int:
        """Tokens that a group of texts of these lengths costs."""
