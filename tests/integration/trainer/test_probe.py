"""How many texts fit is found before the first step: no step runs out of memory then, and what is learnt stays the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from embtune_api.errors import Stopped
from embtune_api.keys import StepKeys
from embtune_api.training import Loss, Training
from embtune_api.training_record import MemoryEvent, MemoryProbe
from embtune_store import open_store
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.memory import Memory
from embtune_trainer.train.probe import find_texts_at_once, gauge_for, longest_texts, room_for_more
from embtune_trainer.train.ranks import Ranks
from support.cramped import BudgetGauge, Cramped, a_loop

RECIPE = Training(
    loss=Loss(name="MultipleNegativesRanking"),
    epochs=1,
    batch_size=16,
    learning_rate=1e-3,
    max_seq_length=32,
    dropout=0.0,
    seed=7,
    checkpoint_steps=4,
    precision="fp32",
    micro_batch_size="Auto",
)
WHOLE = 32
"""Texts of a batch of 16 pairs."""

Make = Callable[..., Cramped]


@pytest.fixture
def make(tiny_model: Path, pairs: list[dict[str, str]], ranks: Ranks) -> Make:
    """Makes trainings that share their checkpoints."""
    shared = Checkpoints(open_store("memory://"), StepKeys("train"))

    def make(checkpoints: Checkpoints = shared, recipe: Training = RECIPE, **cramped: Any) -> Cramped:
        return a_loop(tiny_model, pairs, recipe, ranks, checkpoints, **cramped)

    return make


@pytest.fixture(scope="module")
def undisturbed(tiny_model: Path, pairs: list[dict[str, str]], ranks: Ranks) -> Cramped:
    recipe = RECIPE.model_copy(update={"micro_batch_size": None})
    loop = a_loop(tiny_model, pairs, recipe, ranks, Checkpoints(open_store("memory://"), StepKeys("train")))
    loop.run()
    return loop


@pytest.fixture(scope="module")
def longest(undisturbed: Cramped) -> int:
    """Tokens."""
    return len(longest_texts(undisturbed.rows, 1)[0])


@pytest.mark.parametrize(
    ("room", "fits"),
    [
        pytest.param(9 * WHOLE, 4 * WHOLE, id="four batches, and no more is tried"),
        pytest.param(WHOLE / 0.89, WHOLE, id="the whole batch"),
        pytest.param(WHOLE / 0.91, WHOLE // 2, id="the whole batch, but hardly"),
        pytest.param(WHOLE / 3, WHOLE // 4, id="a part of it"),
    ],
)
def test_what_fits_is_found_and_no_step_runs_out_of_memory(
    make: Make, undisturbed: Cramped, longest: int, room: float, fits: int
) -> None:
    """`room`: of the longest texts."""
    loop = make(budget=int(room * longest))
    loop.run()
    probe = loop.memory.report.probe
    assert probe is not None
    assert (probe.texts, probe.batch_texts) == (fits, WHOLE)
    assert probe.used <= 0.9
    assert loop.memory.texts == (None if fits >= WHOLE else fits)
    assert loop.memory.events == []
    assert loop.steps == undisturbed.steps, "the batches are the same"
    assert furthest(loop, undisturbed) < 1e-4


def test_one_text_is_held_where_not_even_that_leaves_room(make: Make, longest: int) -> None:
    loop = make(budget=longest)
    loop._prepare_model()
    assert find_texts_at_once(loop.gradient, loop._optimizer(), WHOLE, BudgetGauge(loop)).texts == 1
    assert all(parameter.grad is None for parameter in loop.model.parameters())


def test_it_is_found_once_for_a_training(make: Make, longest: int) -> None:
    budget = longest * WHOLE // 3
    whole = make(Checkpoints(open_store("memory://"), StepKeys("whole")), budget=budget)
    whole.run()
    first = make(budget=budget)
    first.stop_asked = lambda: len(first.steps) == 7
    with pytest.raises(Stopped):
        first.run()
    second = make(budget=100 * budget)
    second.run()
    assert second.memory.probe == first.memory.probe
    assert furthest(second, whole) == 0


def test_memory_that_runs_out_all_the_same_is_remembered_beside_it() -> None:
    memory = Memory.of(RECIPE, WHOLE)
    memory.recall([MemoryEvent(step=3, texts=4, reason="")], MemoryProbe(texts=8, batch_texts=WHOLE, used=0.5, seconds=1.0))
    assert memory.texts == 4
    assert memory.report.probe


def test_whoever_was_killed_does_not_try_again() -> None:
    assert not Memory.of(RECIPE, WHOLE, killed=1).is_open


def test_nothing_is_tried_on_a_cpu(make: Make) -> None:
    assert gauge_for(torch.device("cpu")) is None
    loop = make(Checkpoints(open_store("memory://"), StepKeys("cpu")))
    loop.gauge = None
    loop.run()
    assert loop.memory.report.probe is None
    assert loop.memory.texts is None


@pytest.mark.parametrize(
    ("texts", "loss", "batch"),
    [(127, "MultipleNegativesRanking", 48), (64, "GIST", 32), (63, "GIST", None), (256, "Triplet", None)],
)
def test_a_larger_batch_is_advised_where_it_brings_negatives(texts: int, loss: Any, batch: int | None) -> None:
    recipe = RECIPE.model_copy(update={"loss": Loss(name=loss)})
    found = room_for_more(MemoryProbe(texts=texts, batch_texts=WHOLE, used=0.5, seconds=1.0), recipe)
    assert [f"set training.batchSize: {batch}," in finding.message for finding in found] == ([True] if batch else [])
    assert room_for_more(None, recipe) == []


def furthest(loop: Cramped, other: Cramped) -> float:
    """The largest difference of any weight."""
    pairs = zip(loop.model.parameters(), other.model.parameters(), strict=True)
    return max(float((one - two).abs().max().detach()) for one, two in pairs)
