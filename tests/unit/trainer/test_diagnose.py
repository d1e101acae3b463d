"""The learning-rate finder reads curves of every form; a floor is what any model can reach; effort fits the time."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from embtune_api.diagnosis import RatePoint
from embtune_api.training import Loss, Training
from embtune_trainer.diagnose.bench import Lesson
from embtune_trainer.diagnose.effort import effort_for, share_out
from embtune_trainer.diagnose.one_batch import floor_of
from embtune_trainer.diagnose.rates import rates, read_sweep
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.rows import Record, TrainingRows


def curve(gain: Callable[[float], float]) -> list[RatePoint]:
    return [RatePoint(rate=rate, loss=1.0 - gain(rate), gain=gain(rate)) for rate in rates(80)]


def well(rate: float) -> float:
    """Learns from 1e-5 on, best at 1e-3, and is worse than untrained beyond 1e-2."""
    return 0.5 / (1 + (1e-4 / rate) ** 2) - 2.0 / (1 + (1e-2 / rate) ** 3)


def test_rates_of_a_usual_curve() -> None:
    found = read_sweep(curve(well), total_steps=250)
    assert found.steepest is not None
    assert 3e-5 < found.steepest < 5e-4
    assert found.lowest is not None
    assert 5e-4 < found.lowest < 5e-3
    assert found.diverged is not None
    assert 3e-3 < found.diverged < 3e-2
    assert found.low is not None
    assert found.high is not None
    assert found.suggested is not None
    assert found.low < found.suggested <= found.high < found.diverged


def test_a_longer_training_may_be_gentler() -> None:
    short, long = (read_sweep(curve(well), total_steps=steps) for steps in (100, 10_000))
    assert short.low is not None
    assert long.low is not None
    assert math.isclose(short.low / long.low, 100, rel_tol=1e-6)


@pytest.mark.parametrize(
    "gain",
    [
        pytest.param(lambda _: 0.0, id="nothing learns"),
        pytest.param(lambda rate: 1e-3 * math.sin(1e4 * rate), id="chance"),
        pytest.param(lambda rate: -rate, id="it only becomes worse"),
    ],
)
def test_no_rate_is_made_up(gain: Callable[[float], float]) -> None:
    found = read_sweep(curve(gain), total_steps=100)
    assert (found.low, found.high, found.suggested) == (None, None, None)


def test_a_loss_that_is_no_number_is_where_it_diverges() -> None:
    points = curve(well)[:60]
    assert read_sweep(points, 100, broke_at=0.05).diverged == 0.05


def lesson(records: list[Record], loss: Loss) -> Lesson:
    return Lesson(TrainingRows([]), make_objective(records, loss))


def test_the_floor_of_scores_that_contradict_each_other() -> None:
    """The same pair scored 0 and 1: whatever its cosine, the mean squared error is 0.25 at least."""
    records: list[Record] = [{"sentence1": "a", "sentence2": "b", "score": score} for score in (0.0, 1.0)]
    torch.manual_seed(0)
    start, batch = torch.randn(4, 8), np.arange(2)
    squared = lesson(records, Loss(name="CosineSimilarity"))
    assert floor_of(squared, batch, start, np.array([0, 1, 0, 1]), unit=True) == pytest.approx(0.25, abs=1e-3)
    assert floor_of(squared, batch, start, np.arange(4), unit=True) == pytest.approx(0.0, abs=1e-3)


def test_the_floor_of_a_margin_that_unit_vectors_cannot_keep() -> None:
    records: list[Record] = [{"anchor": "a", "positive": "b", "negatives": ["c"]}]
    torch.manual_seed(0)
    start = torch.nn.functional.normalize(torch.randn(3, 8), dim=1)
    triplet = lesson(records, Loss(name="Triplet", margin=5.0))
    assert floor_of(triplet, np.arange(1), start, np.arange(3), unit=True) == pytest.approx(3.0, abs=0.05)
    assert floor_of(triplet, np.arange(1), start, np.arange(3), unit=False) < 1.0


def test_effort_fits_the_time() -> None:
    quick, slow, slower = (effort_for(seconds, 64, 180) for seconds in (0.1, 1.0, 10.0))
    assert (quick.batch_size, quick.sweep, quick.run) == (64, 80, 40)
    assert (slow.batch_size, slow.sweep < quick.sweep) == (64, True)
    assert slower.batch_size < 32
    assert slower.sweep == min(slower.sweep, slow.sweep)


@pytest.mark.parametrize("rows", [1, 2, 5, 40, 5_000])
def test_rows_are_shared_out_whatever_there_are(rows: int) -> None:
    share = share_out([{"anchor": str(row)} for row in range(rows)], Training(batch_size=32, seed=3))
    assert share.learnt
    assert share.unseen
    assert 1 <= share.batch_size <= 32
    assert rows == 1 or not {r["anchor"] for r in share.learnt} & {r["anchor"] for r in share.unseen}
    assert 1 <= min(share.probe_size(32), len(share.unseen)) <= 32
