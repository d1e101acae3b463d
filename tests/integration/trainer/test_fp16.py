"""A training in fp16: the same as in fp32 to a few digits, through overflows, small memory and stops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from embtune_api.errors import EmbtuneError, Stopped
from embtune_api.keys import StepKeys
from embtune_api.training import Loss, Training
from embtune_store import open_store
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.scaling import LossScaling
from support.cramped import Cramped, a_loop

RECIPE = Training(
    loss=Loss(name="MultipleNegativesRanking"),
    epochs=2,
    batch_size=16,
    learning_rate=1e-3,
    max_seq_length=32,
    dropout=0.0,
    seed=7,
    checkpoint_steps=4,
    precision="fp16",
)
STEPS = 30
TOO_MUCH = 2.0**28
"""A loss scale with which gradients overflow."""

Make = Callable[..., Cramped]


@pytest.fixture
def make(tiny_model: Path, pairs: list[dict[str, str]], ranks: Ranks) -> Make:
    """Makes trainings that share their checkpoints."""
    shared = Checkpoints(open_store("memory://"), StepKeys("train"))

    def make(checkpoints: Checkpoints = shared, recipe: Training = RECIPE, scale: float = 65536.0, **cramped: Any) -> Cramped:
        loop = a_loop(tiny_model, pairs, recipe, ranks, checkpoints, **{"dtype": torch.float16} | cramped)
        if loop.dtype == torch.float16:
            loop.scaling = LossScaling(torch.amp.GradScaler("cpu", init_scale=scale))
        return loop

    return make


def elsewhere() -> Checkpoints:
    return Checkpoints(open_store("memory://"), StepKeys("elsewhere"))


@pytest.fixture(scope="module")
def exact(tiny_model: Path, pairs: list[dict[str, str]], ranks: Ranks) -> tuple[Cramped, Outcome]:
    loop = a_loop(tiny_model, pairs, RECIPE, ranks, elsewhere())
    return loop, loop.run()


def test_it_learns_what_fp32_learns(make: Make, exact: tuple[Cramped, Outcome]) -> None:
    loop, outcome = make(), None
    outcome = loop.run()
    assert loop.chosen.name == "packed"
    assert outcome.skipped_steps == 0
    for found, expected in zip(outcome.curve, exact[1].curve, strict=True):
        assert found.loss == pytest.approx(expected.loss, rel=0.01)
        assert found.grad_norm == pytest.approx(expected.grad_norm, rel=0.02), "as if nothing had been scaled"
    assert outcome.layers[0].norms == pytest.approx(exact[1].layers[0].norms, rel=0.02)
    assert furthest(loop, exact[0]) > 0


@pytest.mark.parametrize(
    "update",
    [
        {"micro_batch_size": 7},
        {"loss": Loss(name="CachedMultipleNegativesRanking", mini_batch_size=7)},
        {"activation_checkpointing": True},
    ],
    ids=["micro-batches", "a Cached loss", "checkpointed activations"],
)
def test_it_works_with_little_memory(make: Make, exact: tuple[Cramped, Outcome], update: dict[str, Any]) -> None:
    loop = make(elsewhere(), RECIPE.model_copy(update=update))
    outcome = loop.run()
    assert outcome.skipped_steps == 0
    assert [point.loss for point in outcome.curve] == pytest.approx([point.loss for point in exact[1].curve], rel=0.02)


def test_steps_that_overflow_are_skipped_and_told(make: Make) -> None:
    told: list[str] = []
    loop = make(elsewhere(), scale=TOO_MUCH)
    loop.report = lambda progress: told.append(progress.message)
    outcome = loop.run()
    assert 3 < outcome.skipped_steps < STEPS / 2
    assert loop.scaling.state is not None
    assert loop.scaling.state.scale == TOO_MUCH / 2**outcome.skipped_steps
    assert [point.step for point in outcome.curve] == list(range(outcome.skipped_steps + 1, STEPS + 1))
    assert all(torch.tensor(list(layer.norms.values())).isfinite().all() for layer in outcome.layers)
    assert told[-1] == f"fp16: {outcome.skipped_steps} steps skipped, whose gradients overflowed"
    assert outcome.curve[-1].loss < outcome.curve[0].loss


def test_a_stopped_training_goes_on_with_its_scale_to_equal_weights(make: Make) -> None:
    whole = make(elsewhere(), scale=TOO_MUCH)
    expected = whole.run()
    first = make(scale=TOO_MUCH)
    first.stop_asked = lambda: len(first.steps) in {3, 12}
    with pytest.raises(Stopped):
        first.run()
    second = make(scale=TOO_MUCH)
    second.stop_asked = lambda: len(second.steps) == 9
    with pytest.raises(Stopped):
        second.run()
    third = make(scale=TOO_MUCH)
    outcome = third.run()
    assert (outcome.resumed_from, outcome.skipped_steps) == (12, expected.skipped_steps)
    assert third.scaling.state == whole.scaling.state
    assert outcome.curve == expected.curve
    assert furthest(third, whole) == 0


def test_a_training_may_go_on_in_other_arithmetic(make: Make) -> None:
    """On a node whose hardware has bf16: the steps that were skipped stay skipped."""
    first = make(scale=TOO_MUCH)
    first.stop_asked = lambda: len(first.steps) == 12
    with pytest.raises(Stopped):
        first.run()
    second = make(dtype=torch.bfloat16)
    outcome = second.run()
    assert outcome.skipped_steps > 3
    assert second.scaling.state is None
    assert outcome.curve[-1].loss < outcome.curve[0].loss


@pytest.mark.parametrize(
    ("epochs", "words"),
    [(1, r"each of the 15 steps overflowed.*precision: bf16"), (2, r"at step 17 the gradient is not a number in fp16")],
)
def test_numbers_that_are_none_at_any_scale_end_the_training(make: Make, epochs: int, words: str) -> None:
    loop = make(elsewhere(), RECIPE.model_copy(update={"epochs": epochs}))
    next(loop.model.parameters()).data.fill_(float("nan"))
    with pytest.raises(EmbtuneError, match=words):
        loop.run()


def furthest(loop: Cramped, other: Cramped) -> float:
    """The largest difference of any weight."""
    pairs = zip(loop.model.parameters(), other.model.parameters(), strict=True)
    return max(float((one - two).abs().max().detach()) for one, two in pairs)
