"""How alike two texts are, against how alike they are said to be.

In all of them `first` and `second` are (pairs, dim) and the result is a scalar.
"""

import torch
from torch import Tensor
from torch.nn import functional


def cosent(first: Tensor, second: Tensor, scores: Tensor, scale: float) -> Tensor:
    """Pairs that are said to be more alike have the larger cosine: as sentence-transformers' CoSENTLoss.

    Su 2022, "CoSENT: a more effective sentence vector scheme"; only the order of `scores` (pairs,) counts.
    """
    similarity = functional.cosine_similarity(first, second) * scale
    wrong = similarity[:, None] - similarity[None, :]
    ordered = scores[:, None] < scores[None, :]
    none = similarity.new_zeros(1)
    return torch.logsumexp(torch.cat([none, wrong[ordered]]), dim=0)


def cosine_similarity(first: Tensor, second: Tensor, scores: Tensor) -> Tensor:
    """Mean squared difference of cosine and score, (pairs,) from 0 to 1: as sentence-transformers' CosineSimilarityLoss."""
    return functional.mse_loss(functional.cosine_similarity(first, second), scores)


def contrastive(first: Tensor, second: Tensor, alike: Tensor, margin: float) -> Tensor:
    """Pairs that are alike together, others apart by a margin of cosine distance: as sentence-transformers' ContrastiveLoss.

    Hadsell et al. 2006, "Dimensionality reduction by learning an invariant mapping". `alike`: (pairs,), 0 or 1.
    """
    distance = 1 - functional.cosine_similarity(first, second)
    apart = functional.relu(margin - distance)
    return 0.5 * (alike * distance.square() + (1 - alike) * apart.square()).mean()


def online_contrastive(first: Tensor, second: Tensor, alike: Tensor, margin: float) -> Tensor:
    """Contrastive, over the hard pairs of the batch alone, summed: as sentence-transformers' OnlineContrastiveLoss.

    Hard is a pair that is alike and farther apart than the nearest one that is not, and the other way round; where one kind
    is missing, what is harder than the mean of the other is.
    """
    distance = 1 - functional.cosine_similarity(first, second)
    others, same = distance[alike == 0], distance[alike == 1]
    hard_others = others[others < (same.max() if len(same) else others.mean())]
    hard_same = same[same > (others.min() if len(others) else same.mean())]
    return hard_same.square().sum() + functional.relu(margin - hard_others).square().sum()
