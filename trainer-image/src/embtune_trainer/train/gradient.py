"""The gradient of one global batch: embed, gather, loss, and back.

Every rank embeds its slice of the batch, all see all embeddings, each computes the loss of the *whole* batch and sends
the gradient of its own slice back through its encoder; summed over the ranks that is the exact gradient of the global
batch, whatever the number of ranks. Dropout draws from a generator seeded by (seed, step, rank, group), so a resumed
run needs no saved random state to be bit-equal.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor

from embtune_trainer.encoder import TokenIds
from embtune_trainer.packed import Forward
from embtune_trainer.train.batches import Rows, rank_slice
from embtune_trainer.train.memory import Memory
from embtune_trainer.train.objectives import BatchLoss, Objective
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import TrainingRows
from embtune_trainer.train.scaling import LossScaling


@dataclass
class BatchGradient:
    """How one rank does its part of it."""

    model: SentenceTransformer
    rows: TrainingRows
    objective: Objective
    """Over these rows."""
    ranks: Ranks
    memory: Memory
    forward: Forward
    seed: int
    dtype: torch.dtype
    """Of matrix products."""
    scaling: LossScaling

    @property
    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    def backward(self, step: int, batch: Rows, outcome: Outcome) -> Tensor:
        """Leave the gradient of the global batch's loss, this rank's part of it, in the parameters, scaled up
        as the loss is; whenever memory runs out on some rank, again, with half as many texts in it at once."""
        while (loss := self._attempt(step, batch, outcome)) is None:
            self.model.zero_grad(set_to_none=True)
            slices = self._slices(batch)
            self.memory.halve(step, max(int(self.rows.counts[batch[positions]].sum()) for positions in slices))
        outcome.masked_negatives += loss.masked_negatives
        return loss.value.detach()

    def rehearse(self, texts: list[TokenIds]) -> bool:
        """Embed these texts at once, send some gradient back and forget it: whether there was memory for that, on this rank."""

        def there_and_back() -> bool:
            groups = self.forward.groups(np.array([len(text) for text in texts], dtype=np.int64), len(texts))
            self._embed_all(0, groups, texts, cached=False).sum().backward()  # type: ignore[no-untyped-call]
            return True

        ran = self.memory.tried(there_and_back)
        self.model.zero_grad(set_to_none=True)
        return ran is not None

    def _attempt(self, step: int, batch: Rows, outcome: Outcome) -> BatchLoss | None:
        """None: memory ran out. All ranks say so alike, before they would wait for one another."""
        slices = self._slices(batch)
        texts = self.rows.of(batch[slices[self.ranks.rank]])
        groups = self._groups(texts, outcome)
        cached = self.memory.texts is not None and self.memory.texts < len(texts)
        local = self.memory.tried(lambda: self._embed_all(step, groups, texts, cached))
        if self.ranks.any(local is None, self._device):
            return None
        assert local is not None
        gathered, own = self._everyone(local, batch, slices)

        def send_back() -> BatchLoss:
            gathered.requires_grad_(True)
            loss = self.objective.loss(gathered, batch)
            self.scaling.up(loss.value).backward()  # type: ignore[no-untyped-call]
            assert gathered.grad is not None
            gradient = gathered.grad[own]
            if cached:
                for number, group in enumerate(groups):
                    self._embed(step, number, group, texts).backward(gradient[group])  # type: ignore[no-untyped-call]
            elif groups:
                local.backward(gradient)  # type: ignore[no-untyped-call]
            return loss

        loss = self.memory.tried(send_back)
        return None if self.ranks.any(loss is None, self._device) else loss

    def _slices(self, batch: Rows) -> list[NDArray[np.int64]]:
        """Positions in the batch that each rank embeds."""
        return [rank_slice(self.rows.lengths[batch], rank, self.ranks.world) for rank in range(self.ranks.world)]

    def _groups(self, texts: list[TokenIds], outcome: Outcome) -> list[NDArray[np.int64]]:
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        most = self.memory.texts or max(1, len(texts))
        forward = self.forward
        groups = forward.groups(lengths, most)
        outcome.tokens += int(lengths.sum())
        outcome.computed_tokens += sum(forward.computed(lengths[group], self.dtype) for group in groups)
        return groups

    def _embed_all(self, step: int, groups: list[NDArray[np.int64]], texts: list[TokenIds], cached: bool) -> Tensor:
        """(texts, dim): of all texts of this rank, in their order; without activations where they are going to be cached."""
        with torch.set_grad_enabled(not cached):
            parts = [self._embed(step, number, group, texts) for number, group in enumerate(groups)]
        nothing = torch.zeros(0, self.model.get_embedding_dimension() or 1, device=self._device)
        return torch.cat(parts)[inverse(np.concatenate(groups))] if groups else nothing

    def _embed(self, step: int, number: int, group: NDArray[np.int64], texts: list[TokenIds]) -> Tensor:
        torch.manual_seed(noise_seed(self.seed, step, self.ranks.rank, number))
        return self.forward([texts[index] for index in group], self.dtype)

    def _everyone(self, local: Tensor, batch: Rows, slices: list[NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
        """All embeddings in the batch's order, row after row, and where this rank's own lie in that."""
        counts = self.rows.counts[batch]
        ends = np.cumsum(counts)
        places = [
            np.concatenate([np.arange(ends[row] - counts[row], ends[row]) for row in positions] or [np.arange(0)])
            for positions in slices
        ]
        gathered = self.ranks.gather(local, [len(place) for place in places])
        in_order = torch.from_numpy(inverse(np.concatenate(places))).to(self._device)
        return gathered[in_order], torch.from_numpy(places[self.ranks.rank]).to(self._device)


def noise_seed(*parts: int) -> int:
    """A 63-bit seed that is different for every (seed, step, rank, group)."""
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:8], "big") >> 1


def inverse(permutation: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each index went: `x[permutation][inverse(permutation)]` is `x`."""
    places = np.empty_like(permutation)
    places[permutation] = np.arange(len(permutation))
    return places
