"""Which arithmetic a training takes, and what the scaled loss of fp16 does with gradients that overflow."""

from typing import Any

import pytest
import torch

from embtune_api.errors import EmbtuneError
from embtune_api.training import Training
from embtune_api.training_record import LossPoint, LossScale
from embtune_trainer.train.health import findings_of
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.precision import Fast, choose_arithmetic
from embtune_trainer.train.scaling import LossScaling
from support.cramped import one_process

CPU = torch.device("cpu")
A100, T4, NEITHER = Fast(bf16=True, fp16=True), Fast(bf16=False, fp16=True), Fast(bf16=False, fp16=False)
RECIPE = Training(learning_rate=2e-5, batch_size=32, epochs=1)


@pytest.mark.parametrize(
    ("asked", "fast", "precision"),
    [
        ("Auto", A100, "bf16"),
        ("Auto", T4, "fp16"),
        ("Auto", NEITHER, "fp32"),
        ("Auto", Fast(bf16=True, fp16=False), "bf16"),
        ("fp16", NEITHER, "fp16"),
        ("fp32", A100, "fp32"),
    ],
)
def test_the_fastest_that_the_hardware_has_unless_another_is_asked_for(asked: Any, fast: Fast, precision: str) -> None:
    with one_process() as ranks:
        found = choose_arithmetic(asked, CPU, ranks, fast)
        assert choose_arithmetic("Auto", CPU, ranks).precision in {"fp32", "bf16"}, "a CPU has no fast fp16"
    assert found.precision == precision
    assert (found.why == "it was asked for") == (asked != "Auto")


@pytest.fixture
def weight() -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.ones(3))


def a_step(scaling: LossScaling, weight: torch.nn.Parameter, optimizer: torch.optim.AdamW, factor: float = 1.0) -> bool:
    """Whether it was done. Its gradient is `factor`."""
    optimizer.zero_grad()
    scaling.up((weight * factor).sum()).backward()  # type: ignore[no-untyped-call]
    scaling.unscale(optimizer)
    return scaling.step(optimizer, 0)


def an_optimizer(weight: torch.nn.Parameter) -> torch.optim.AdamW:
    return torch.optim.AdamW([weight], lr=0.1, fused=True)


def test_a_gradient_that_overflows_changes_nothing_but_the_scale(weight: torch.nn.Parameter) -> None:
    scaling, optimizer = LossScaling.of(torch.float16, CPU), an_optimizer(weight)
    assert a_step(scaling, weight, optimizer)
    assert weight.grad is not None
    assert weight.grad.tolist() == [1.0] * 3, "it is scaled down again"
    before, state = weight.tolist(), {name: value.tolist() for name, value in optimizer.state[weight].items()}
    assert scaling.state == LossScale(scale=65536, good_steps=1)
    assert not a_step(scaling, weight, optimizer, float("inf"))
    assert weight.tolist() == before
    assert {name: value.tolist() for name, value in optimizer.state[weight].items()} == state, "moments, and steps counted"
    assert scaling.state == LossScale(scale=32768, good_steps=0)


def test_a_scale_grows_from_where_a_checkpoint_left_it(weight: torch.nn.Parameter) -> None:
    scaling, optimizer = LossScaling.of(torch.float16, CPU), an_optimizer(weight)
    scaling.recall(LossScale(scale=512, good_steps=1999))
    assert a_step(scaling, weight, optimizer)
    assert scaling.state == LossScale(scale=1024, good_steps=0)


def test_a_gradient_that_is_never_a_number_ends_the_training(weight: torch.nn.Parameter) -> None:
    scaling, optimizer = LossScaling.of(torch.float16, CPU), an_optimizer(weight)
    for _ in range(16):
        assert not a_step(scaling, weight, optimizer, float("nan"))
    with pytest.raises(EmbtuneError, match=r"at step 1 the gradient is not a number in fp16.*precision: bf16.*fp32"):
        a_step(scaling, weight, optimizer, float("nan"))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_other_arithmetic_has_no_scale(weight: torch.nn.Parameter, dtype: torch.dtype) -> None:
    scaling, optimizer = LossScaling.of(dtype, CPU), an_optimizer(weight)
    scaling.recall(LossScale(scale=512, good_steps=3))
    assert scaling.up(torch.tensor(2.0)) == 2
    assert a_step(scaling, weight, optimizer, 1e30)
    assert scaling.state is None


@pytest.mark.parametrize(("skipped", "steps", "told"), [(3, 10, False), (4, 10, True), (40, 1000, False), (60, 1000, True)])
def test_many_skipped_steps_are_told(skipped: int, steps: int, told: bool) -> None:
    outcome = Outcome(skipped_steps=skipped, curve=[LossPoint(step=steps, loss=1.0, learning_rate=1e-5, grad_norm=1.0)])
    messages = [finding.message for finding in findings_of(outcome, RECIPE) if finding.check == "gradient/overflow"]
    assert len(messages) == told
    assert all(message.startswith(f"{skipped} of {steps} steps were skipped") for message in messages)
