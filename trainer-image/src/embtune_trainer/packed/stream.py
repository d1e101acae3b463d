"""Token ids of several texts as one stream, with what attention has to know about it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from embtune_trainer.encoder import TokenIds
from embtune_trainer.packed.layout import Layout


@dataclass(frozen=True)
class Stream:
    layout: Layout
    ids: NDArray[np.int64]
    """(tokens,): 0 where no text is."""
    dtype: torch.dtype
    """Of what is computed between the embeddings and the pooling."""

    @classmethod
    def of(cls, texts: list[TokenIds], dtype: torch.dtype) -> "Stream":
        layout = Layout.of([len(text) for text in texts], rounded=dtype != torch.float32)
        ids = np.zeros(layout.tokens, dtype=np.int64)
        ids[layout.places()] = np.concatenate(texts)
        return cls(layout, ids, dtype)

    @cached_property
    def positions(self) -> NDArray[np.int64]:
        """(tokens,): of each token in its text, from 0."""
        positions = np.zeros(self.layout.tokens, dtype=np.int64)
        lengths = self.layout.lengths
        firsts = np.cumsum(lengths) - lengths
        positions[self.layout.places()] = np.arange(int(lengths.sum())) - np.repeat(firsts, lengths)
        return positions

    def positions_after(self, padding: int) -> NDArray[np.int64]:
        """(tokens,): as RoBERTa counts: from `padding` + 1, and a token that is itself `padding` neither counts nor moves."""
        counted = self.ids != padding
        counted &= self.layout.owners() >= 0
        ends = np.cumsum(counted)
        before = ends[self.layout.starts] - counted[self.layout.starts]
        places = self.layout.places()
        positions = np.full(self.layout.tokens, padding, dtype=np.int64)
        positions[places] += (ends[places] - np.repeat(before, self.layout.lengths)) * counted[places]
        return positions

    def masks(self, reach: int | None = None) -> tuple[Tensor, ...]:
        """Of each piece (blocks, 1, width, width): 0 within a text, -inf elsewhere.

        Args:
            reach: how many tokens away a token may look; None: anywhere in its text.
        """
        owners = torch.from_numpy(self.layout.owners())
        masks = []
        for piece in self.layout.pieces:
            owner = owners[piece.start : piece.end].view(piece.blocks, 1, piece.width)
            seen = owner.unsqueeze(2) == owner.unsqueeze(3)  # what belongs to no text sees the like: no row is without any
            if reach is not None and reach < piece.width - 1:
                place = torch.arange(piece.width)
                seen = seen & ((place[:, None] - place[None, :]).abs() <= reach)
            mask = torch.zeros(seen.shape, dtype=self.dtype)
            masks.append(mask.masked_fill_(~seen, float("-inf")))
        return tuple(masks)
