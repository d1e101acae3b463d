"""From token ids to sentence embeddings by way of one stream."""

from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling
from torch import Tensor

from embtune_trainer.encoder import TokenIds
from embtune_trainer.packed.layout import Layout
from embtune_trainer.packed.modern import Modern
from embtune_trainer.packed.noise import Noise
from embtune_trainer.packed.post_norm import PostNorm
from embtune_trainer.packed.stream import Stream


class Body(Protocol):
    """The transformer itself."""

    def __call__(self, stream: Stream, noise: Noise) -> Tensor: ...

    def prepared(self, dtype: torch.dtype) -> Self:
        """The same with the weights of now, for inference: what can be done to them once is done."""


@dataclass(frozen=True)
class Packed:
    """An encoder whose transformer is understood."""

    model: SentenceTransformer
    body: Body

    @classmethod
    def of(cls, model: SentenceTransformer) -> "Packed | None":
        """None: its transformer is of no kind that is understood, or something else than pooling follows it."""
        transformer = getattr(model[0], "model", None)
        if transformer is None or len(model) < 2 or not isinstance(model[1], Pooling):
            return None
        body = PostNorm.of(transformer) or Modern.of(transformer)
        return cls(model, body) if body else None

    def prepared(self, dtype: torch.dtype) -> "Packed":
        """For many calls without gradients, all with this dtype; a later change of the model's weights is not seen."""
        return replace(self, body=self.body.prepared(dtype))

    def __call__(self, texts: list[TokenIds], dtype: torch.dtype) -> Tensor:
        with torch.autocast("cpu", dtype=dtype, enabled=dtype != torch.float32):
            stream = Stream.of(texts, dtype)
            tokens = self.body(stream, Noise())
            given = torch.from_numpy(stream.layout.places())
            ends = np.concatenate([[0], np.cumsum(stream.layout.lengths)])
            features = {
                "token_embeddings": tokens.float().index_select(0, given)[None],
                "cu_seq_lens_q": torch.from_numpy(ends),
            }
            for module in list(self.model)[1:]:  # sentence-transformers' own pooling takes streams
                features = module(features)
        return torch.as_tensor(features["sentence_embedding"]).float()

    def groups(self, lengths: NDArray[np.int64], most: int) -> list[NDArray[np.int64]]:
        longest_first = np.argsort(-lengths, kind="stable")
        return [longest_first[start : start + most] for start in range(0, len(lengths), most)]

    def computed(self, lengths: NDArray[np.int64], dtype: torch.dtype) -> int:
        return Layout.of(lengths.tolist(), rounded=dtype != torch.float32).tokens
