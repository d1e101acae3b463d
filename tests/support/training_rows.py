"""Rows that each loss learns from, made of pairs."""

from typing import Any

from embtune_api.losses import JUDGED, LOSS_SHAPES, TEACHERS, LossName
from embtune_api.training import Loss

NO_CROSS_ENCODER = "no/cross-encoder"
"""A name for a teacher that nobody loads."""


def loss_named(name: LossName, **more: Any) -> Loss:
    """With a teacher where it cannot do without."""
    teacher = {"teacher": {"uri": NO_CROSS_ENCODER}} if TEACHERS.get(name) == "cross-encoder" else {}
    return Loss.model_validate({"name": name, **teacher, **more})


def rows_for(loss: LossName, pairs: list[dict[str, str]]) -> list[dict[str, Any]]:
    """Triplets for whoever learns from them: half of the pairs give the negatives of the others."""
    shapes, half = LOSS_SHAPES[loss], len(pairs) // 2
    others = [*pairs[half:], *pairs[:half]]
    if shapes == {"pairs"}:
        return [{"anchor": pair["anchor"], "positive": other["anchor"]} for pair, other in zip(pairs, others, strict=True)]
    if "triplets" in shapes:
        return [{**pair, "negatives": [other["positive"]]} for pair, other in zip(pairs[:half], others, strict=False)]
    if "labelled texts" in shapes:
        return [{"text": pair["anchor"], "label": f"label-{number % 11}"} for number, pair in enumerate(pairs)]
    grades = 2 if loss in JUDGED else 6
    return [
        {
            "sentence1": pair["anchor"],
            "sentence2": (pair if number % grades else other)["positive"],
            "score": float(number % grades),
        }
        for number, (pair, other) in enumerate(zip(pairs, others, strict=True))
    ]
