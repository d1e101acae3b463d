"""Projections that read the same input."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def joined(modules: tuple[nn.Module, ...], x: Tensor) -> Tensor:
    """Their outputs side by side, as one matrix product where they are plain; an adapter of any of them is called as it is."""
    if all(type(module) is nn.Linear and module.bias is not None for module in modules):
        weight = torch.cat([module.weight for module in modules])
        return functional.linear(x, weight, torch.cat([module.bias for module in modules]))
    return torch.cat([module(x) for module in modules], dim=-1)
