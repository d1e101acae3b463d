"""Projections that read the same input."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def joined(modules: tuple[nn.Module, ...], x: Tensor) -> Tensor:
    """Their outputs side by side, as one matrix product where they are plain; an adapter of any of them is called as it is."""
    plain = [module for module in modules if type(module) is nn.Linear and module.bias is not None]
    if len(plain) == len(modules):
        weight, bias = torch.cat([module.weight for module in plain]), torch.cat([module.bias for module in plain])
        return functional.linear(x, weight, bias)
    return torch.cat([module(x) for module in modules], dim=-1)
