"""Texts of one label together, others apart."""

import torch
from torch import Tensor
from torch.nn import functional


def batch_hard_soft_margin_triplet(embeddings: Tensor, labels: Tensor) -> Tensor:
    """Of each text the farthest one of its label against the nearest one of another: the mean of log(1 + exp(far - near)).

    Hermans et al. 2017, "In defense of the triplet loss for person re-identification", with Euclidean distance, as
    sentence-transformers' BatchHardSoftMarginTripletLoss.

    Args:
        embeddings: (texts, dim)
        labels: (texts,) int64
    """
    distances = _euclidean(embeddings)
    alike = labels[:, None] == labels[None, :]
    itself = torch.eye(len(labels), dtype=torch.bool, device=labels.device)
    farthest = (distances * (alike & ~itself)).max(dim=1).values
    beyond = distances.max(dim=1, keepdim=True).values
    nearest = (distances + beyond * alike).min(dim=1).values
    return functional.softplus(farthest - nearest).mean()


def _euclidean(embeddings: Tensor) -> Tensor:
    """(texts, texts). The gradient of a square root at 0 is infinite, so that a zero stays away from it."""
    products = embeddings @ embeddings.T
    norms = products.diagonal()
    squares = (norms[None, :] - 2 * products + norms[:, None]).clamp(min=0)
    zero = squares == 0
    return (squares + zero * 1e-16).sqrt() * ~zero
