"""BERT, and who is built alike: RoBERTa, XLM-RoBERTa, CamemBERT, and MPNet with its relative positions."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BertModel, CamembertModel, MPNetModel, RobertaModel, XLMRobertaModel

from embtune_trainer.packed.attention import Heads, attend
from embtune_trainer.packed.linear import joined, prepared
from embtune_trainer.packed.noise import Noise
from embtune_trainer.packed.operations import add_and_norm, drop
from embtune_trainer.packed.stream import Stream


@dataclass(frozen=True)
class _Layer:
    projections: tuple[nn.Module, ...]
    """To queries, keys and values: three, or one to all of them."""
    attention_dropout: nn.Dropout
    attended: nn.Module
    attended_dropout: nn.Dropout
    attended_norm: nn.LayerNorm
    wider: nn.Module
    activation: Callable[[Tensor], Tensor]
    narrower: nn.Module
    dropout: nn.Dropout
    norm: nn.LayerNorm


@dataclass(frozen=True)
class PostNorm:
    """An encoder that normalises after each residual sum."""

    model: Any
    """Of the classes below; torch does not say what its modules have."""
    layers: tuple[_Layer, ...]
    heads: int
    padding: int | None
    """From where positions are counted; None: from 0."""

    @classmethod
    def of(cls, model: Any) -> "PostNorm | None":
        """None: of another kind."""
        config: Any = getattr(model, "config", None)
        if isinstance(model, MPNetModel):
            return cls(model, tuple(map(_of_mpnet, _layers(model))), config.num_attention_heads, 1)
        if not isinstance(model, BertModel | RobertaModel | XLMRobertaModel | CamembertModel):
            return None
        if config.is_decoder or getattr(config, "position_embedding_type", None) not in (None, "absolute"):
            return None
        padding = None if isinstance(model, BertModel) else _padding(model)
        return cls(model, tuple(map(_of_bert, _layers(model))), config.num_attention_heads, padding)

    def __call__(self, stream: Stream, noise: Noise) -> Tensor:
        """(tokens, dim) of the last layer."""
        x, masks, bias = self._embedded(stream, noise), stream.masks(), self._bias(stream)
        for layer in self.layers:
            size = x.shape[1] // self.heads
            heads = Heads(self.heads, size**-0.5, _share(layer.attention_dropout))
            attended = attend(joined(layer.projections, x), stream.layout.pieces, masks, heads, bias, noise)
            x = add_and_norm(layer.attended(attended), x, layer.attended_norm, _share(layer.attended_dropout), noise)
            further = layer.narrower(layer.activation(layer.wider(x)))
            x = add_and_norm(further, x, layer.norm, _share(layer.dropout), noise)
        return x

    def prepared(self, dtype: torch.dtype) -> "PostNorm":
        return replace(self, layers=tuple(_prepared(layer, dtype) for layer in self.layers))

    def _embedded(self, stream: Stream, noise: Noise) -> Tensor:
        embeddings = self.model.embeddings
        positions = stream.positions if self.padding is None else stream.positions_after(self.padding)
        x = embeddings.word_embeddings(torch.from_numpy(stream.ids))
        x = x + embeddings.position_embeddings(torch.from_numpy(positions))
        if hasattr(embeddings, "token_type_embeddings"):
            x = x + embeddings.token_type_embeddings.weight[0]
        return drop(embeddings.LayerNorm(x).to(stream.dtype), _share(embeddings.dropout), noise)

    def _bias(self, stream: Stream) -> Tensor | None:
        """MPNet's: (heads, width, width) by how far two tokens are apart."""
        if not isinstance(self.model, MPNetModel):
            return None
        widest = stream.layout.pieces[-1].width
        encoder: Any = self.model.encoder
        place = torch.arange(widest)
        buckets = encoder.relative_position_bucket(place[None, :] - place[:, None], num_buckets=32)
        bias: Tensor = encoder.relative_attention_bias(buckets).permute(2, 0, 1).to(stream.dtype)
        return bias


def _layers(model: Any) -> Any:
    return model.encoder.layer


def _padding(model: Any) -> int:
    return int(model.embeddings.padding_idx)


def _share(dropout: nn.Dropout) -> float:
    return dropout.p if dropout.training else 0.0


def _prepared(layer: _Layer, dtype: torch.dtype) -> _Layer:
    (attended,), (wider,), (narrower,) = (prepared((one,), dtype) for one in (layer.attended, layer.wider, layer.narrower))
    projections = prepared(layer.projections, dtype)
    return replace(layer, projections=projections, attended=attended, wider=wider, narrower=narrower)


def _of_bert(layer: Any) -> _Layer:
    attention, ours = layer.attention.self, layer.attention.output
    return _Layer(
        (attention.query, attention.key, attention.value),
        attention.dropout,
        ours.dense,
        ours.dropout,
        ours.LayerNorm,
        layer.intermediate.dense,
        layer.intermediate.intermediate_act_fn,
        layer.output.dense,
        layer.output.dropout,
        layer.output.LayerNorm,
    )


def _of_mpnet(layer: Any) -> _Layer:
    attention = layer.attention.attn
    return _Layer(
        (attention.q, attention.k, attention.v),
        attention.dropout,
        attention.o,
        layer.attention.dropout,
        layer.attention.LayerNorm,
        layer.intermediate.dense,
        layer.intermediate.intermediate_act_fn,
        layer.output.dense,
        layer.output.dropout,
        layer.output.LayerNorm,
    )
