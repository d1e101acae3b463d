"""How long each layer's part of the gradient is."""

import re

import torch
from torch import nn

_NUMBERED = re.compile(r"(?:^|\.)(?:layers?|h|blocks?)\.(\d+)\.")


def layer_norms(model: nn.Module) -> dict[str, float]:
    """Length of the gradient by layer, from the input to the output; what has no gradient is left out: frozen, or unused."""
    squares: dict[str, torch.Tensor] = {}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            layer, square = _layer(name), parameter.grad.detach().float().square().sum()
            squares[layer] = squares[layer] + square if layer in squares else square
    return {layer: float(square.sqrt()) for layer, square in squares.items()}


def _layer(parameter: str) -> str:
    if numbered := _NUMBERED.search(parameter):
        return f"layer {numbered[1]}"
    return "embeddings" if "embed" in parameter else "other"
