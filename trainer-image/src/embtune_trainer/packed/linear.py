"""Projections that read the same input, and projections whose weights nobody trains any more."""

import torch
from torch import Tensor, nn
from torch.nn import functional


def joined(modules: tuple[nn.Module, ...], x: Tensor) -> Tensor:
    """Their outputs side by side, as one matrix product where they are plain; an adapter of any of them is called as it is."""
    if len(modules) == 1:
        only: Tensor = modules[0](x)
        return only
    plain = [module for module in modules if type(module) is nn.Linear and module.bias is not None]
    if len(plain) == len(modules):
        weight, bias = torch.cat([module.weight for module in plain]), torch.cat([module.bias for module in plain])
        return functional.linear(x, weight, bias)
    return torch.cat([module(x) for module in modules], dim=-1)


def prepared(modules: tuple[nn.Module, ...], dtype: torch.dtype) -> tuple[nn.Module, ...]:
    """The same projections for inference: one, of the weights as they are now in `dtype`, where they are plain."""
    plain = [module for module in modules if type(module) is nn.Linear and module.bias is not None]
    if len(plain) < len(modules) or (len(plain) == 1 and plain[0].weight.dtype == dtype):
        return modules
    with torch.no_grad():
        weight, bias = torch.cat([module.weight for module in plain]), torch.cat([module.bias for module in plain])
        one = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
        one.weight = nn.Parameter(weight.to(dtype), requires_grad=False)
        one.bias = nn.Parameter(bias.to(dtype), requires_grad=False)
    return (one,)
