"""The right answer above all that a guide does not take for right, too."""

import torch
from torch import Tensor
from torch.nn import functional


def gist(
    anchors: Tensor,
    candidates: Tensor,
    known: Tensor,
    guide_anchors: Tensor,
    guide_candidates: Tensor,
    scale: float,
    margin: float,
) -> tuple[Tensor, Tensor]:
    """Cross-entropy of finding each anchor's own positive among all candidates, the other anchors and, from the positive's own
    place, the other positives; whatever the guide finds as near as the positive is to its anchor is left out.

    Solatorio 2024, "GISTEmbed: Guided In-sample Selection of Training Negatives for Text Embedding Fine-tuning", as
    sentence-transformers' GISTEmbedLoss; known positives are left out whatever the guide says.

    Args:
        anchors: (batch, dim)
        candidates: (batch + negatives, dim): the positives of the batch, and then negatives
        known: (batch, batch + negatives) bool, True where candidate j answers anchor i; the diagonal is ignored
        guide_anchors, guide_candidates: the guide's vectors of the same texts
        scale: inverse temperature
        margin: how much less similar than the positive a negative is to the guide, in cosine similarity

    Returns:
        The mean over the batch, a scalar; and (batch, batch + negatives) bool, True where a candidate was left out.
    """
    anchors, candidates = functional.normalize(anchors, dim=1), functional.normalize(candidates, dim=1)
    guide_anchors, guide_candidates = functional.normalize(guide_anchors, dim=1), functional.normalize(guide_candidates, dim=1)
    batch = len(anchors)
    positives, guide_positives = candidates[:batch], guide_candidates[:batch]
    guided = guide_anchors @ guide_candidates.T
    near = guided.diagonal()[:, None] - margin
    own = torch.eye(batch, len(candidates), dtype=torch.bool, device=anchors.device)
    left_out = ((guided > near) | known) & ~own
    alike = known[:, :batch] | known[:, :batch].T | own[:, :batch]  # who shares an answer asks, and says, the same
    similarities = torch.cat(
        [
            (anchors @ candidates.T).masked_fill(left_out, float("-inf")),
            (anchors @ anchors.T).masked_fill((guide_anchors @ guide_anchors.T > near) | alike, float("-inf")),
            (positives @ positives.T).masked_fill((guide_positives @ guide_positives.T > near) | alike, float("-inf")),
        ],
        dim=1,
    )
    return functional.cross_entropy(similarities * scale, torch.arange(batch, device=anchors.device)), left_out
