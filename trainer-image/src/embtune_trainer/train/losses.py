"""Ranking losses over the embeddings of a whole global batch."""

import torch
from torch import Tensor
from torch.nn import functional


def multiple_negatives_ranking(anchors: Tensor, positives: Tensor, known: Tensor, scale: float) -> Tensor:
    """Cross-entropy of finding each anchor's own positive among the positives of the batch.

    Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply", with cosine similarity as
    in sentence-transformers' MultipleNegativesRankingLoss; known positives of an anchor are left out of its negatives.

    Args:
        anchors: (batch, dim)
        positives: (batch, dim)
        known: (batch, batch) bool, True where positive j answers anchor i; the diagonal is ignored
        scale: inverse temperature

    Returns:
        The mean over the batch, a scalar.
    """
    similarity = functional.normalize(anchors, dim=1) @ functional.normalize(positives, dim=1).T * scale
    own = torch.arange(len(anchors), device=anchors.device)
    others = known.clone()
    others[own, own] = False
    return functional.cross_entropy(similarity.masked_fill(others, float("-inf")), own)
