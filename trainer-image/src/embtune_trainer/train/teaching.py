"""A loss's teacher is asked about the rows before the first step: by all ranks together, and only what the line's cache lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np
from numpy.typing import NDArray

from embtune_api.errors import InvalidInput
from embtune_api.status import Progress
from embtune_trainer.embeddings import embed_texts
from embtune_trainer.pair_scores import score_pairs
from embtune_trainer.prepare.checks.tokenizer import read_tokenizer
from embtune_trainer.train.lessons import Lessons, Side, guide_of, scores_of, targets_of

if TYPE_CHECKING:
    import torch

    from embtune_api.documents.files import StoredModel
    from embtune_api.losses import LossChoice
    from embtune_api.requests import TrainRequest
    from embtune_store.protocol import Store
    from embtune_trainer.progress import ReportProgress
    from embtune_trainer.train.ranks import Ranks
    from embtune_trainer.train.rows import Record

T = TypeVar("T", str, tuple[str, str])


def ask_teacher(
    request: TrainRequest,
    records: Sequence[Record],
    store: Store,
    ranks: Ranks,
    device: torch.device,
    dimension: int | None,
    report: ReportProgress,
) -> Lessons | None:
    """What the loss's teacher says of the rows; None: it has none. What was asked before is read from the line's cache, so that
    a training that is killed goes on where it was.

    Args:
        dimension: numbers in a vector of the model that learns
        report: told by rank 0 how far it is

    Raises:
        InvalidInput: the teacher cannot be loaded, or its vectors have another dimension.
        EmbtuneError: a vector is not finite.
    """
    teacher, loss = request.teacher, request.training.loss.name
    if teacher is None:
        return None
    asking = _Asking(request, teacher, store, ranks, device, report)
    if loss == "MarginMSE":
        return scores_of(records, asking.score)
    if loss != "MSE":
        return guide_of(records, asking.embed)
    targets = targets_of(records, asking.embed)
    if dimension is not None and targets.values.shape[1] != dimension:
        raise InvalidInput(
            f"training.loss.teacher: the teacher's vectors have {targets.values.shape[1]} numbers and the base model's "
            f"{dimension}, so that MSE cannot compare them. Give a teacher whose vectors have {dimension}, or another base model."
        )
    return targets


def refuse_without_negatives(records: Sequence[Record], loss: LossChoice) -> None:
    """
    Raises:
        InvalidInput: the loss learns from negatives, and no row to train on has any.
    """
    if loss == "MarginMSE" and not any(record.get("negatives") for record in records):
        raise InvalidInput(
            "training.loss: MarginMSE learns from negatives, and none of the rows to train on has any: data.mine or data.build "
            "found none. Loosen their rules, or take MultipleNegativesRanking."
        )


class _Asking:
    """One teacher, asked by all ranks."""

    def __init__(
        self,
        request: TrainRequest,
        teacher: StoredModel,
        store: Store,
        ranks: Ranks,
        device: torch.device,
        report: ReportProgress,
    ) -> None:
        self._line, self._teacher, self._store = request.line_keys, teacher, store
        self._ranks, self._device, self._report = ranks, device, report
        tokenizer = read_tokenizer(store, teacher)
        self._one_prompt = tokenizer is not None and tokenizer.query == tokenizer.document == tokenizer.either

    def embed(self, texts: Sequence[str], side: Side) -> NDArray[np.float32]:
        """(texts, dim); a teacher that has one prompt for both sides embeds a text once."""

        def part(own: Sequence[str]) -> NDArray[np.float32]:
            asked_as = "either" if self._one_prompt else side
            return embed_texts(
                self._store, self._line, self._teacher, own, side=asked_as, report=self._tell("texts"), device=self._device
            )

        return self._shared(texts, part)

    def score(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        """(pairs,)"""

        def part(own: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
            return score_pairs(self._store, self._line, self._teacher, own, report=self._tell("pairs"), device=self._device)

        return self._shared(pairs, part)

    def _shared(self, items: Sequence[T], part: Callable[[Sequence[T]], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Each rank asks for its share, dealt out by falling length; then all is in the cache, where every rank reads it."""
        if self._ranks.world > 1:
            order = sorted(items, key=lambda item: (-sum(map(len, item)), item))
            if own := order[self._ranks.rank :: self._ranks.world]:
                part(own)
            self._ranks.wait()
        return part(items)

    def _tell(self, what: str) -> Callable[[int, int], None]:
        def tell(done: int, of: int) -> None:
            if self._ranks.first:
                self._report(Progress(message=f"the teacher has read {done} of {of} {what}"))

        return tell
