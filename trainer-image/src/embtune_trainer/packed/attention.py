"""Attention block by block: scores, softmax, dropout and the weighted sum of a few hundred tokens at a time.

Scaled dot-product attention as in Vaswani et al. 2017; the backward pass is written out, so that a layer costs one node of
torch's graph, and what is kept for it are the attention weights and their dropout, of real blocks only.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from embtune_trainer.packed.layout import Piece
from embtune_trainer.packed.noise import Noise

WIDE = 256
"""From this width on, and without dropout, torch's own kernel is used in training too: it never holds a matrix of scores."""


@dataclass(frozen=True)
class Heads:
    """How a layer attends."""

    number: int
    scale: float
    dropout: float
    """Of the attention weights; 0 outside training."""


def attend(
    qkv: Tensor, pieces: tuple[Piece, ...], masks: tuple[Tensor, ...], heads: Heads, bias: Tensor | None, noise: Noise
) -> Tensor:
    """
    Args:
        qkv: (tokens, 3 × heads × size): queries, keys and values of the stream
        masks: of each piece, (blocks, 1, width, width), added to the scores: -inf between texts
        bias: (heads, width, width) of the widest block, added to the scores

    Returns:
        (tokens, heads × size); zeros behind the last piece
    """
    wide = bias is None and pieces[-1].width >= WIDE
    if heads.dropout == 0 and (wide or not torch.is_grad_enabled()):
        return _attend_without_scores(qkv, pieces, masks, heads, bias)
    attended: Tensor = _BlockAttention.apply(qkv, bias, pieces, masks, heads, noise)
    return attended


def _attend_without_scores(
    qkv: Tensor, pieces: tuple[Piece, ...], masks: tuple[Tensor, ...], heads: Heads, bias: Tensor | None
) -> Tensor:
    """By torch's own kernel, twice as fast where no gradient is wanted: it reads queries, keys and values where they are."""
    parts = []
    for piece, mask in zip(pieces, masks, strict=True):
        part = qkv[piece.start : piece.end].view(piece.blocks, piece.width, 3, heads.number, -1)
        query, key, value = part.permute(2, 0, 3, 1, 4)
        added = mask if bias is None else mask + bias[:, : piece.width, : piece.width]
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=added, scale=heads.scale)
        parts.append(attended.transpose(1, 2).reshape(piece.end - piece.start, -1))
    behind = qkv.new_zeros(len(qkv) - pieces[-1].end, qkv.shape[1] // 3)
    return torch.cat([*parts, behind])


def _by_head(qkv: Tensor, piece: Piece, heads: Heads) -> Tensor:
    """(3, blocks × heads, width, size), a copy."""
    part = qkv[piece.start : piece.end].view(piece.blocks, piece.width, 3, heads.number, -1)
    return part.permute(2, 0, 3, 1, 4).reshape(3, piece.blocks * heads.number, piece.width, -1)


class _BlockAttention(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        qkv: Tensor,
        bias: Tensor | None,
        pieces: tuple[Piece, ...],
        masks: tuple[Tensor, ...],
        heads: Heads,
        noise: Noise,
    ) -> Tensor:
        out = _empty_but_behind(qkv, qkv.shape[1] // 3, pieces)
        kept: list[Tensor] = []
        for piece, mask in zip(pieces, masks, strict=True):
            by_head = _by_head(qkv, piece, heads)
            query, key, value = by_head
            scores = torch.bmm(query, key.transpose(1, 2)).view(piece.blocks, heads.number, piece.width, piece.width)
            scores = torch.add(mask, scores, alpha=heads.scale)
            if bias is not None:
                scores += bias[:, : piece.width, : piece.width]
            weights = torch.softmax(scores, dim=-1).view(-1, piece.width, piece.width)
            kept += [by_head, weights]
            if heads.dropout:
                keep = noise.keep(tuple(weights.shape), heads.dropout, weights.dtype)
                kept.append(keep)
                attended = torch.bmm(weights * keep, value).mul_(1 / (1 - heads.dropout))
            else:
                attended = torch.bmm(weights, value)
            _place(out, piece, heads).copy_(attended.view(piece.blocks, heads.number, piece.width, -1))
        ctx.save_for_backward(*kept)
        ctx.pieces, ctx.heads = pieces, heads
        ctx.bias_shape = bias.shape if bias is not None and bias.requires_grad else None
        return out

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        pieces, heads, kept = ctx.pieces, ctx.heads, iter(ctx.saved_tensors)
        gradient = gradient.contiguous()
        of_qkv = _empty_but_behind(gradient, 3 * gradient.shape[1], pieces)
        of_bias = gradient.new_zeros(ctx.bias_shape, dtype=torch.float32) if ctx.bias_shape else None
        for piece in pieces:
            (query, key, value), weights = next(kept), next(kept)
            keep = next(kept) if heads.dropout else None
            of_attended = _place(gradient, piece, heads).reshape(query.shape)
            if keep is not None:
                of_attended = of_attended.mul(1 / (1 - heads.dropout))
            of_weights = torch.bmm(of_attended, value.transpose(1, 2))
            dropped = weights
            if keep is not None:
                of_weights.mul_(keep)
                dropped = weights * keep
            of_scores = torch._softmax_backward_data(of_weights, weights, -1, weights.dtype)
            if of_bias is not None:
                sums = of_scores.view(piece.blocks, heads.number, piece.width, piece.width).sum(dim=0, dtype=torch.float32)
                of_bias[:, : piece.width, : piece.width] += sums
            part = of_qkv[piece.start : piece.end].view(piece.blocks, piece.width, 3, heads.number, -1).permute(2, 0, 3, 1, 4)
            shape = part.shape[1:]
            part[0].copy_(torch.bmm(of_scores, key).mul_(heads.scale).view(shape))
            part[1].copy_(torch.bmm(of_scores.transpose(1, 2), query).mul_(heads.scale).view(shape))
            part[2].copy_(torch.bmm(dropped.transpose(1, 2), of_attended).view(shape))
        return of_qkv, of_bias, None, None, None, None


def _empty_but_behind(like: Tensor, size: int, pieces: tuple[Piece, ...]) -> Tensor:
    """(tokens, size), with zeros behind the last piece: only there is nothing written."""
    out = like.new_empty(len(like), size)
    out[pieces[-1].end :] = 0
    return out


def _place(tokens: Tensor, piece: Piece, heads: Heads) -> Tensor:
    """(blocks, heads, width, size): the piece's part of (tokens, heads × size), a view."""
    return tokens[piece.start : piece.end].view(piece.blocks, piece.width, heads.number, -1).transpose(1, 2)
