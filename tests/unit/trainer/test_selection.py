"""Which step is best, and when it is time to stop."""

import pytest

from embtune_api.early_stopping import EarlyStopping
from embtune_api.training_record import ValidationPoint
from embtune_trainer.train.selection import Selection


def points(*scores: float, losses: tuple[float, ...] = ()) -> list[ValidationPoint]:
    of = losses or (1.0,) * len(scores)
    return [
        ValidationPoint(step=10 * n, loss=loss, score=score) for n, (score, loss) in enumerate(zip(scores, of, strict=True), 1)
    ]


@pytest.mark.parametrize(
    ("metric", "looks", "step"),
    [
        ("ndcg@10", points(0.5, 0.7, 0.6), 20),
        ("loss", points(0.5, 0.3, 0.4), 20),
        ("ndcg@10", points(0.7, 0.7, 0.6, losses=(0.3, 0.2, 0.1)), 20),
        ("ndcg@10", points(0.7, 0.7), 20),
    ],
    ids=["the highest score", "the lowest loss", "of equal scores the lower loss", "of equal ones the latest"],
)
def test_the_best_step(metric: str, looks: list[ValidationPoint], step: int) -> None:
    best = Selection(metric).best(looks)
    assert best
    assert best.step == step


@pytest.mark.parametrize(
    ("scores", "patience", "min_delta", "over"),
    [
        ((0.5, 0.4, 0.3), 3, 0.0, False),
        ((0.5, 0.4, 0.3, 0.2), 3, 0.0, True),
        ((0.5, 0.5, 0.5, 0.5), 3, 0.0, True),
        ((0.5, 0.4, 0.3, 0.6), 3, 0.0, False),
        ((0.5, 0.505, 0.509), 2, 0.01, True),
        ((0.5, 0.505, 0.511), 2, 0.01, False),
    ],
    ids=[
        "two that are no better",
        "three that are no better",
        "equal is no better",
        "better at last",
        "not better by enough",
        "small gains that add up",
    ],
)
def test_when_it_is_over(scores: tuple[float, ...], patience: int, min_delta: float, *, over: bool) -> None:
    selection = Selection("ndcg@10", EarlyStopping(patience=patience, min_delta=min_delta))
    assert selection.is_over(points(*scores)) == over
    assert not Selection("ndcg@10").is_over(points(*scores)), "nobody asked to stop early"
