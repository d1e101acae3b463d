"""The right answer above all other answers of the batch."""

import torch
from torch import Tensor
from torch.nn import functional


def multiple_negatives_ranking(anchors: Tensor, candidates: Tensor, known: Tensor, scale: float) -> Tensor:
    """Cross-entropy of finding each anchor's own positive among the candidates of the batch.

    Henderson et al. 2017, "Efficient Natural Language Response Suggestion for Smart Reply", with cosine similarity as
    in sentence-transformers' MultipleNegativesRankingLoss; known positives of an anchor are left out of its negatives.

    Args:
        anchors: (batch, dim)
        candidates: (batch + negatives, dim): the positives of the batch, and then negatives
        known: (batch, batch + negatives) bool, True where candidate j answers anchor i; the diagonal is ignored
        scale: inverse temperature

    Returns:
        The mean over the batch, a scalar.
    """
    similarity = _similarity(anchors, candidates, known, scale)
    return functional.cross_entropy(similarity, torch.arange(len(anchors), device=anchors.device))


def multiple_negatives_symmetric_ranking(anchors: Tensor, candidates: Tensor, known: Tensor, scale: float) -> Tensor:
    """The mean of finding each anchor's positive among the candidates, and each positive's anchor among the anchors.

    As sentence-transformers' MultipleNegativesSymmetricRankingLoss, but for known positives; arguments and result as above.
    """
    similarity = _similarity(anchors, candidates, known, scale)
    own = torch.arange(len(anchors), device=anchors.device)
    back = functional.cross_entropy(similarity[:, : len(anchors)].T, own)
    return (functional.cross_entropy(similarity, own) + back) / 2


def _similarity(anchors: Tensor, candidates: Tensor, known: Tensor, scale: float) -> Tensor:
    """(batch, batch + negatives): scaled cosines, minus infinity where a candidate is known to answer another's anchor."""
    own = torch.arange(len(anchors), device=anchors.device)
    others = known.clone()
    others[own, own] = False
    similarity = functional.normalize(anchors, dim=1) @ functional.normalize(candidates, dim=1).T * scale
    return similarity.masked_fill(others, float("-inf"))


def triplet(anchors: Tensor, positives: Tensor, negatives: Tensor, margin: float) -> Tensor:
    """The positive nearer than the negative by a margin, in Euclidean distance: Schroff et al. 2015, "FaceNet".

    As sentence-transformers' TripletLoss. Each argument is (triplets, dim); returns the mean, a scalar.
    """
    near = functional.pairwise_distance(anchors, positives, p=2)
    far = functional.pairwise_distance(anchors, negatives, p=2)
    return functional.relu(near - far + margin).mean()
