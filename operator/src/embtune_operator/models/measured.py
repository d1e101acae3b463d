"""Models that are loaded and asked: contestants with what they cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.model_use import Asked, CompareRequest
from embtune_operator.advice.ask import ask
from embtune_operator.judge.scores import Scores
from embtune_operator.registry.comparison import Contestant, Cost

if TYPE_CHECKING:
    from collections.abc import Sequence


def measured_contestants(request: CompareRequest, dropped: Sequence[int] = ()) -> list[Contestant]:
    """Asked by the trainer, in a process of its own.

    Args:
        dropped: questions that are left out, in their order.

    Raises:
        InvalidInput, EmbtuneError: in the trainer's words.
    """
    return contestants_of(Asked.model_validate_json(ask("compare", request)), dropped)


def contestants_of(asked: Asked, dropped: Sequence[int] = ()) -> list[Contestant]:
    """What was answered, as it is compared."""
    import numpy as np

    groups = np.array(asked.groups, dtype=np.int64)
    return [
        Contestant(
            model.name,
            Scores(tuple(asked.columns), np.array(model.values, dtype=np.float64), groups).without(dropped),
            Cost(model.size, model.dimension, model.texts / model.seconds if model.seconds else None),
        )
        for model in asked.models
    ]
