"""The optimizer: how fast each parameter learns."""

from collections import defaultdict
from typing import Any

import torch
from sentence_transformers import SentenceTransformer
from torch import nn

from embtune_api.training import Training
from embtune_trainer.train.tune.anatomy import Anatomy, named_parameters


def make_optimizer(model: SentenceTransformer, recipe: Training) -> torch.optim.AdamW:
    """Over the parameters that learn. Biases and norms are not decayed."""
    groups: dict[tuple[float, bool], list[nn.Parameter]] = defaultdict(list)
    scales = _scales(model, recipe.tune.layer_decay if recipe.tune else None)
    for parameter in model.parameters():
        if parameter.requires_grad:
            groups[scales[id(parameter)], parameter.ndim >= 2].append(parameter)
    described: list[dict[str, Any]] = [
        {"params": parameters, "scale": scale, "weight_decay": recipe.weight_decay if matrices else 0.0}
        for (scale, matrices), parameters in groups.items()
    ]
    return torch.optim.AdamW(described, lr=recipe.learning_rate or 0.0, fused=True)


def set_rate(optimizer: torch.optim.AdamW, rate: float) -> None:
    """`rate` is that of the last layer."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["scale"]


def _scales(model: SentenceTransformer, decay: float | None) -> dict[int, float]:
    """Share of the learning rate, by parameter's id: discriminative fine-tuning (Howard and Ruder 2018)."""
    if decay is None:
        return {id(parameter): 1.0 for parameter in model.parameters()}
    anatomy = Anatomy.of(model, "training.tune.layerDecay")
    return {id(parameter): decay ** (anatomy.layers - anatomy.depth(name)) for name, parameter in named_parameters(model)}
