"""Any objective, of the first numbers of each vector too: Matryoshka."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional

from embtune_api.errors import InvalidInput
from embtune_api.matryoshka import Matryoshka
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.objectives.objective import BatchLoss, Objective


@dataclass(frozen=True)
class Nested:
    """The weighted sum of another objective over vectors cut to several lengths, each made a unit vector again.

    Kusupati et al. 2022, "Matryoshka Representation Learning", as sentence-transformers' MatryoshkaLoss.
    """

    objective: Objective
    wanted: Matryoshka

    def batches(self, batch_size: int, epoch: int, seed: int) -> list[Rows]:
        return self.objective.batches(batch_size, epoch, seed)

    def loss(self, embeddings: Tensor, batch: Rows) -> BatchLoss:
        """
        Raises:
            InvalidInput: more numbers are wanted than there are.
        """
        dims, weights = self.wanted.dims, self.wanted.explicit_weights
        if max(dims) > embeddings.shape[1]:
            raise InvalidInput(
                f"training.matryoshka.dims: {max(dims)} is more than the {embeddings.shape[1]} numbers that the base model's "
                f"vectors have. Give numbers up to {embeddings.shape[1]}."
            )
        parts = [self.objective.loss(functional.normalize(embeddings[:, :dim], dim=1), batch) for dim in dims]
        value = sum((weight * part.value for weight, part in zip(weights, parts, strict=True)), embeddings.new_zeros(()))
        return BatchLoss(value, masked_negatives=parts[0].masked_negatives)
