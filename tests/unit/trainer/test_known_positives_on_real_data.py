"""Counted over a whole epoch of real data: no known positive is used as a negative."""

import pytest

from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.train.batches import global_batches
from embtune_trainer.train.positives import KnownPositives
from support.rows import banking77_texts, in_class_pairs, tldr_pairs

BATCH = 64


@pytest.mark.parametrize(
    ("rows", "at_least"),
    [(tldr_pairs(10_000), 50), (in_class_pairs(banking77_texts()), 2000)],
    ids=["tldr", "banking77"],
)
def test_no_known_positive_is_used_as_a_negative(rows: list[dict[str, str]], at_least: int) -> None:
    anchors, positives = ([normalise(row[side]) for row in rows] for side in ("anchor", "positive"))
    labels = [row["label"] for row in rows] if "label" in rows[0] else None
    known = KnownPositives(anchors, positives, labels)
    answers: dict[str, set[str]] = {}
    for anchor, positive in zip(anchors, positives, strict=True):
        answers.setdefault(anchor, set()).add(positive)

    wrongly_used = masked = needlessly_masked = 0
    for batch in global_batches(len(rows), BATCH, epoch=0, seed=7):
        mask = known.mask(batch)
        for i, row in enumerate(batch):
            for j, other in enumerate(batch):
                if i == j:
                    continue
                is_positive = positives[other] in answers[anchors[row]] or positives[other] == anchors[row]
                is_positive = is_positive or (labels is not None and labels[row] == labels[other])
                masked += bool(mask[i, j])
                wrongly_used += is_positive and not mask[i, j]
                needlessly_masked += bool(mask[i, j]) and not is_positive
    assert wrongly_used == 0
    assert needlessly_masked == 0
    assert masked >= at_least, "plain in-batch negatives would have used these"
