"""Texts of one label together, others apart: Hermans et al. 2017, "In defense of the triplet loss for person re-identification".

In all of them `embeddings` is (texts, dim), `labels` (texts,) int64, distances are Euclidean, and the result is a scalar.
"""

import torch
from torch import Tensor
from torch.nn import functional


def batch_hard_soft_margin_triplet(embeddings: Tensor, labels: Tensor) -> Tensor:
    """Of each text the farthest one of its label against the nearest one of another: the mean of log(1 + exp(far - near)).

    As sentence-transformers' BatchHardSoftMarginTripletLoss.
    """
    farthest, nearest = _hardest(embeddings, labels)
    return functional.softplus(farthest - nearest).mean()


def batch_hard_triplet(embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:
    """The same, the nearest farther than the farthest by a margin: as sentence-transformers' BatchHardTripletLoss."""
    farthest, nearest = _hardest(embeddings, labels)
    return functional.relu(farthest - nearest + margin).mean()


def batch_semi_hard_triplet(embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Each two texts of a label against the nearest one of another label that is farther than they are from each other; where
    there is none, against the farthest of all: as sentence-transformers' BatchSemiHardTripletLoss.

    Schroff et al. 2015, "FaceNet". The mean over all two of a label, in both directions.
    """
    distances = _euclidean(embeddings)
    alike, itself = _alike(labels)
    others = distances.masked_fill(alike, float("inf")).sort(dim=1, stable=True).values
    next_one = torch.searchsorted(others.detach().contiguous(), distances.detach().contiguous(), right=True)
    outside = others.gather(1, next_one.clamp(max=len(labels) - 1))
    smallest = distances.min(dim=1, keepdim=True).values
    inside = ((distances - smallest) * ~alike).max(dim=1, keepdim=True).values + smallest
    pairs = alike & ~itself
    each = (distances - torch.where(torch.isfinite(outside), outside, inside) + margin) * pairs
    return functional.relu(each).sum() / pairs.sum().clamp(min=1)


def batch_all_triplet(embeddings: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Every triplet of the batch, the mean of those that break the margin: as sentence-transformers' BatchAllTripletLoss."""
    distances = _euclidean(embeddings)
    alike, itself = _alike(labels)
    first, second = (alike & ~itself).nonzero(as_tuple=True)
    each = functional.relu(distances[first, second][:, None] - distances[first] + margin) * ~alike[first]
    return each.sum() / (each > 1e-16).sum().clamp(min=1)


def _hardest(embeddings: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Of each text the distance of the farthest of its label, and of the nearest of another: (texts,) both."""
    distances = _euclidean(embeddings)
    alike, itself = _alike(labels)
    farthest = (distances * (alike & ~itself)).max(dim=1).values
    beyond = distances.max(dim=1, keepdim=True).values
    return farthest, (distances + beyond * alike).min(dim=1).values


def _alike(labels: Tensor) -> tuple[Tensor, Tensor]:
    """(texts, texts) bool: of one label, and one and the same text."""
    return labels[:, None] == labels[None, :], torch.eye(len(labels), dtype=torch.bool, device=labels.device)


def _euclidean(embeddings: Tensor) -> Tensor:
    """(texts, texts). The gradient of a square root at 0 is infinite, so that a zero stays away from it."""
    products = embeddings @ embeddings.T
    norms = products.diagonal()
    squares = (norms[None, :] - 2 * products + norms[:, None]).clamp(min=0)
    zero = squares == 0
    return (squares + zero * 1e-16).sqrt() * ~zero
