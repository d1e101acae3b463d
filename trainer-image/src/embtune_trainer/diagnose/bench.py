"""A model on the bench: steps of a training, taken at any rate and as often as one likes, from the same weights each time."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from torch import Tensor

from embtune_api.errors import EmbtuneError
from embtune_api.training import Training
from embtune_trainer.out_of_memory import ran_out
from embtune_trainer.packed import choose_forward
from embtune_trainer.packed.forward import Forward
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.gradient import inverse, noise_seed
from embtune_trainer.train.memory import recompute_activations
from embtune_trainer.train.objectives import Objective
from embtune_trainer.train.rows import TrainingRows
from embtune_trainer.train.tune import make_optimizer, set_rate

_CHECKED_ROWS = 64


@dataclass(frozen=True)
class Lesson:
    """Rows, and what is made small over them."""

    rows: TrainingRows
    objective: Objective


@dataclass(frozen=True)
class Step:
    loss: float
    norm: float
    """Of the whole gradient, before clipping."""

    @property
    def is_finite(self) -> bool:
        return math.isfinite(self.loss) and math.isfinite(self.norm)


@dataclass(frozen=True)
class Bench:
    """One process, all texts of a batch at once: batches are small here."""

    model: SentenceTransformer
    recipe: Training
    """Every value explicit."""
    dtype: torch.dtype
    """Of matrix products."""
    forward: Forward
    tell: Callable[[], None]
    """Called after each step."""
    _weights: dict[str, Tensor] = field(default_factory=dict)
    """Of what learns, untrained."""

    @classmethod
    def of(
        cls, model: SentenceTransformer, recipe: Training, rows: TrainingRows, tell: Callable[[], None], dtype: torch.dtype
    ) -> "Bench":
        """
        Args:
            rows: some to check the forward with.

        Raises:
            InvalidInput: activations are to be checkpointed, and the model cannot.
        """
        if recipe.activation_checkpointing:
            recompute_activations(model)
        weights = {name: weight.detach().clone() for name, weight in model.named_parameters() if weight.requires_grad}
        forward = choose_forward(model, rows.of(np.arange(min(len(rows), _CHECKED_ROWS)))).forward
        return cls(model, recipe, dtype, forward, tell, weights)

    def restore(self, dropout: float | None = None) -> torch.optim.AdamW:
        """Put the untrained weights back, in training mode; gives a new optimizer.

        Args:
            dropout: of every layer; None: as it is.
        """
        for name, weight in self.model.named_parameters():
            if name in self._weights:
                weight.data.copy_(self._weights[name])
        self.model.train()
        if dropout is not None:
            for name, module in self.model.named_modules():
                if isinstance(module, torch.nn.Dropout) and ".lora_" not in name:
                    module.p = dropout
        return make_optimizer(self.model, self.recipe)

    def step(
        self,
        lesson: Lesson,
        batch: Rows,
        number: int,
        rate: float,
        optimizer: torch.optim.AdamW,
        look: Callable[[], None] = lambda: None,
    ) -> Step:
        """One step of the optimizer; none where the loss or the gradient is no number.

        Args:
            number: dropout draws by it.
            look: called while the gradient is there, before it is clipped.

        Raises:
            EmbtuneError: memory ran out.
        """
        optimizer.zero_grad(set_to_none=True)
        set_rate(optimizer, rate)
        try:
            loss = self._loss(lesson, batch, number)
            loss.backward()  # type: ignore[no-untyped-call]
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
            raise EmbtuneError(
                f"the diagnosis ran out of memory with {len(batch)} rows at once: {error}. Lower training.batchSize or "
                f"training.maxSeqLength for it, or use a machine with more memory; a training halves what it holds by itself"
            ) from None
        look()
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.max_grad_norm)
        done = Step(float(loss.detach()), float(norm))
        if done.is_finite:
            optimizer.step()
        self.tell()
        return done

    @torch.no_grad()
    def losses(self, lesson: Lesson, batches: Sequence[Rows]) -> list[float]:
        """Of each batch, by the weights as they are, with the dropout of steps 0, 1, …"""
        self.model.train()
        return [float(self._loss(lesson, batch, number)) for number, batch in enumerate(batches)]

    @torch.no_grad()
    def probe(self, lesson: Lesson, batches: Sequence[Rows]) -> NDArray[np.float64]:
        """(batches, 2): the loss of each batch, and its loss if the rows exchange their first texts; without dropout."""
        self.model.eval()
        seen = []
        for batch in batches:
            embeddings = self._embed(lesson, batch, 0)
            exchanged = embeddings[torch.from_numpy(_exchanged(lesson.rows.counts[batch])).to(embeddings.device)]
            seen.append([float(lesson.objective.loss(vectors, batch).value) for vectors in (embeddings, exchanged)])
        return np.array(seen)

    @torch.no_grad()
    def embeddings(self, lesson: Lesson, batch: Rows) -> Tensor:
        """(texts, dim): row after row, without dropout."""
        self.model.eval()
        return self._embed(lesson, batch, 0)

    def _loss(self, lesson: Lesson, batch: Rows, number: int) -> Tensor:
        return lesson.objective.loss(self._embed(lesson, batch, number), batch).value

    def _embed(self, lesson: Lesson, batch: Rows, number: int) -> Tensor:
        texts = lesson.rows.of(batch)
        groups = self.forward.groups(np.array([len(text) for text in texts], dtype=np.int64), len(texts))
        parts = []
        for place, group in enumerate(groups):
            torch.manual_seed(noise_seed(self.recipe.seed, number, place))
            parts.append(self.forward([texts[index] for index in group], self.dtype))
        return torch.cat(parts)[torch.from_numpy(inverse(np.concatenate(groups))).to(parts[0].device)]


def _exchanged(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Places of texts, of which the first of each row is that of the row half a batch away: neighbours may have one label.

    Args:
        counts: texts of each row.
    """
    places = np.arange(counts.sum())
    first = np.cumsum(counts) - counts
    places[first] = np.roll(first, max(1, len(first) // 2))
    return places
