"""Steps of a layer that torch would take one by one: each here is one node of its graph and few passes over the memory."""

from typing import Any

import torch
from torch import Tensor, nn

from embtune_trainer.packed.noise import Noise


def add_and_norm(x: Tensor, residual: Tensor, norm: nn.LayerNorm, dropout: float, noise: Noise) -> Tensor:
    """norm(residual + dropout(x)), of (tokens, dim) each."""
    keep = noise.keep(tuple(x.shape), dropout, x.dtype) if dropout else None
    parameters = (norm.weight, norm.bias, norm.eps)
    normed: Tensor = _AddAndNorm.apply(x, residual, *parameters, keep, dropout)  # type: ignore[no-untyped-call]
    return normed


def drop(x: Tensor, dropout: float, noise: Noise) -> Tensor:
    """Dropout of (tokens, dim)."""
    if not dropout:
        return x
    dropped: Tensor = _Drop.apply(x, noise.keep(tuple(x.shape), dropout, x.dtype), 1 / (1 - dropout))  # type: ignore[no-untyped-call]
    return dropped


class _AddAndNorm(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        residual: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        eps: float,
        keep: Tensor | None,
        dropout: float,
    ) -> Tensor:
        ctx.scale = 1 / (1 - dropout)
        total = residual + x if keep is None else torch.addcmul(residual, x, keep, value=ctx.scale)
        normed, mean, rstd = torch.native_layer_norm(total, list(weight.shape), weight, bias, eps)
        ctx.save_for_backward(total, mean, rstd, weight, bias, keep)
        return normed

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        total, mean, rstd, weight, bias, keep = ctx.saved_tensors
        wanted = [True, ctx.needs_input_grad[2], ctx.needs_input_grad[3]]
        of_total, of_weight, of_bias = torch.ops.aten.native_layer_norm_backward(
            gradient.contiguous(), total, list(weight.shape), mean, rstd, weight, bias, wanted
        )
        of_x = of_total if keep is None else (of_total * keep).mul_(ctx.scale)
        return of_x, of_total, of_weight, of_bias, None, None, None


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, keep: Tensor, scale: float) -> Tensor:
        ctx.scale = scale
        ctx.save_for_backward(keep)
        return (x * keep).mul_(scale)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (keep,) = ctx.saved_tensors
        return (gradient * keep).mul_(ctx.scale), None, None
