"""What another model says of the texts, said by this one too."""

from torch import Tensor
from torch.nn import functional


def mse(embeddings: Tensor, targets: Tensor) -> Tensor:
    """Mean squared difference of vectors: as sentence-transformers' MSELoss. Both (texts, dim).

    Reimers, Gurevych 2020, "Making Monolingual Sentence Embeddings Multilingual using Knowledge Distillation".
    """
    return functional.mse_loss(embeddings, targets)


def margin_mse(anchors: Tensor, positives: Tensor, negatives: Tensor, margins: Tensor) -> Tensor:
    """Mean squared difference of margins: by how much the positive's dot product is larger than the negative's, against by how
    much the teacher prefers it: as sentence-transformers' MarginMSELoss.

    Hofstätter et al. 2020, "Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge Distillation".

    Args:
        anchors, positives, negatives: (triplets, dim)
        margins: (triplets,)
    """
    return functional.mse_loss((anchors * positives).sum(dim=1) - (anchors * negatives).sum(dim=1), margins)
