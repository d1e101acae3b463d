"""Out of memory in the first step, later, and in evaluation; and what a stopped training does again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from embtune_api.errors import EmbtuneError, Stopped
from embtune_api.keys import StepKeys
from embtune_api.training import Loss, Training
from embtune_api.training_record import MemoryEvent
from embtune_store import open_store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.evaluate.encoding import encode
from embtune_trainer.out_of_memory import ran_out
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.memory import Memory
from embtune_trainer.train.ranks import Ranks
from support.cramped import Cramped, a_loop
from support.dying import Killed

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
)
STEPS = 15
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
    loop = a_loop(tiny_model, pairs, RECIPE, ranks, Checkpoints(open_store("memory://"), StepKeys("train")))
    assert not loop.run().resumed_from
    assert loop.total_steps == STEPS
    return loop


@pytest.mark.parametrize(("from_step", "budget"), [(0, 200), (5, 200), (0, 60)], ids=["first step", "later", "many times"])
def test_a_batch_that_is_too_large_is_computed_in_parts(make: Make, undisturbed: Cramped, from_step: int, budget: int) -> None:
    loop = make(budget=budget, from_step=from_step)
    loop.run()
    events = loop.memory.events
    assert events[0].step == from_step + 1
    assert [event.texts for event in events] == [WHOLE >> number for number in range(1, len(events) + 1)]
    assert f"{budget}" in events[0].reason
    assert loop.memory.note.endswith(f"{events[-1].texts} texts at once since then")
    assert loop.steps == undisturbed.steps, "the batches are the same"
    assert furthest(loop, undisturbed) < 1e-4


def test_a_recipe_may_begin_with_few_texts_at_once(make: Make, undisturbed: Cramped) -> None:
    loop = make(recipe=RECIPE.model_copy(update={"micro_batch_size": 7}), budget=7 * 32)
    loop.run()
    assert not loop.memory.events
    assert furthest(loop, undisturbed) < 1e-4


def test_activations_that_are_computed_again_are_the_same(make: Make, undisturbed: Cramped) -> None:
    loop = make(recipe=RECIPE.model_copy(update={"activation_checkpointing": True}))
    loop.run()
    assert furthest(loop, undisturbed) < 2e-5, "the other one computes no padding, so it adds in another order"


def test_a_single_text_that_does_not_fit_is_told_with_advice(make: Make) -> None:
    with pytest.raises(EmbtuneError, match=r"single text.*maxSeqLength.*activationCheckpointing"):
        make(budget=1).run()


@pytest.mark.parametrize("budget", [None, 200], ids=["enough memory", "out of memory"])
def test_a_stopped_training_redoes_nothing(make: Make, budget: int | None) -> None:
    """As SIGTERM does; a killed one redoes what came after its last checkpoint. Weights are the same to the bit."""
    whole = make(Checkpoints(open_store("memory://"), StepKeys("whole")), budget=budget)
    whole.run()
    first = make(budget=budget)
    first.stop_asked = lambda: len(first.steps) == 7
    with pytest.raises(Stopped):
        first.run()
    second = make(budget=budget, dies_at=13)
    with pytest.raises(Killed):
        second.run()
    third = make(budget=budget)
    third.run()
    assert [step for step, _ in [*first.steps, *second.steps]] == list(range(13)), "SIGTERM redoes no step"
    assert [step for step, _ in third.steps] == list(range(12, STEPS)), "SIGKILL at most those since the last checkpoint"
    survived = dict(first.steps) | dict(second.steps) | dict(third.steps)
    assert survived == dict(whole.steps), "the rows of every step are the same"
    assert furthest(third, whole) == 0
    assert third.memory.events == whole.memory.events, "what was found out once is not tried again"


def test_whoever_was_killed_begins_with_less() -> None:
    """The kernel gives no chance to halve anything: the next attempt does."""
    assert Memory.of(RECIPE, WHOLE, killed=1).texts == WHOLE // 2
    again = Memory.of(RECIPE, WHOLE, killed=2)
    assert again.note == f"memory ran out in an earlier attempt: {WHOLE // 4} texts at once since then"
    again.recall([MemoryEvent(step=3, texts=WHOLE // 2, reason="")], None)
    assert again.texts == WHOLE // 4
    again.recall([MemoryEvent(step=3, texts=1, reason="")], None)
    assert again.texts == 1


def test_evaluation_goes_on_with_smaller_batches(
    tiny_model: Path, pairs: list[dict[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    model, texts = load_encoder(tiny_model, torch.device("cpu")), [pair["anchor"] for pair in pairs]
    expected = encode(model, texts, "query", lambda _: None)

    def refuse(_: Any, arguments: tuple[Any, ...]) -> None:
        rows, length = arguments[0]["input_ids"].shape
        if rows * length > budget:
            raise torch.OutOfMemoryError(f"{rows} × {length}")

    model[0].register_forward_pre_hook(refuse)
    budget = 300
    found = encode(model, texts, "query", lambda _: None)
    assert "texts at once from here on" in capsys.readouterr().err
    assert np.abs(found - expected).max() < 1e-6
    budget = 1
    with pytest.raises(EmbtuneError, match="single text"):
        encode(model, texts, "query", lambda _: None)


def test_a_cpu_says_that_there_is_not_enough_memory() -> None:
    with pytest.raises(RuntimeError) as told:
        torch.empty(1 << 56, dtype=torch.uint8)
    assert ran_out(told.value)
    assert not ran_out(RuntimeError("gloo/transport: connection closed by peer"))


def furthest(loop: Cramped, other: Cramped) -> float:
    """The largest difference of any weight."""
    pairs = zip(loop.model.parameters(), other.model.parameters(), strict=True)
    return max(float((one - two).abs().max().detach()) for one, two in pairs)
