"""ModernBERT: normalised before each step, rotary positions, and most layers look at what is near."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import ModernBertModel, PreTrainedModel
from transformers.models.modernbert.modeling_modernbert import apply_rotary_pos_emb

from embtune_trainer.packed.attention import Heads, attend
from embtune_trainer.packed.noise import Noise
from embtune_trainer.packed.operations import drop
from embtune_trainer.packed.stream import Stream


@dataclass(frozen=True)
class Modern:
    model: Any
    """A ModernBertModel; torch does not say what its modules have."""

    @classmethod
    def of(cls, model: PreTrainedModel) -> "Modern | None":
        """None: of another kind."""
        return cls(model) if isinstance(model, ModernBertModel) else None

    def prepared(self, dtype: torch.dtype) -> "Modern":  # noqa: ARG002 - its projections are joined as they come
        return self

    def __call__(self, stream: Stream, noise: Noise) -> Tensor:
        """(tokens, dim) of the last layer. What is summed over the layers stays in fp32."""
        model, config = self.model, self.model.config
        embeddings = model.embeddings
        x = drop(embeddings.norm(embeddings.tok_embeddings(torch.from_numpy(stream.ids))), _share(embeddings.drop), noise)
        positions = torch.from_numpy(stream.positions)[None]
        kinds = set(config.layer_types)
        turns = {kind: model.rotary_emb(x, positions, kind) for kind in kinds}
        masks = {kind: stream.masks(config.sliding_window if kind == "sliding_attention" else None) for kind in kinds}
        for layer in model.layers:
            kind, attention = layer.attention_type, layer.attn
            share = attention.attention_dropout if attention.training else 0.0
            heads = Heads(config.num_attention_heads, attention.head_dim**-0.5, share)
            qkv = _turned(attention.Wqkv(layer.attn_norm(x)), heads.number, turns[kind])
            attended = attention.Wo(attend(qkv.to(stream.dtype), stream.layout.pieces, masks[kind], heads, None, noise))
            x = x + drop(attended, _share(attention.out_drop), noise)
            wide, gate = layer.mlp.Wi(layer.mlp_norm(x)).chunk(2, dim=-1)
            x = x + layer.mlp.Wo(drop(layer.mlp.act(wide) * gate, _share(layer.mlp.drop), noise))
        normed: Tensor = model.final_norm(x)
        return normed


def _turned(qkv: Tensor, heads: int, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Queries and keys (tokens, 3 × heads × size) turned by their positions: Su et al. 2021, "RoFormer"."""
    query, key, value = qkv.view(len(qkv), 3, heads, -1).unbind(dim=1)
    cos, sin = (part[0] for part in turn)
    query, key = apply_rotary_pos_emb(query, key, cos, sin, unsqueeze_dim=1)
    return torch.stack([query, key, value], dim=1).view(len(qkv), -1)


def _share(dropout: nn.Module) -> float:
    return dropout.p if isinstance(dropout, nn.Dropout) and dropout.training else 0.0
