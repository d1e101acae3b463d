"""Corners of training: batches smaller than the ranks, a single step, nonsense, tied weights."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from embtune_api.errors import Exit
from embtune_api.keys import StepKeys
from embtune_store import open_store
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import schedule
from embtune_trainer.train.outcome import History
from support.trainer import Warm, a_training

from .test_training import RECIPE, run_to_the_end


def test_a_rank_may_have_no_rows(warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"batch_size": 2, "epochs": 1})
    training = a_training(tmp_path, tiny_model, pairs[:8], recipe, processes=4)
    run_to_the_end(warm, training)
    assert training.report.processes == 4


def test_nonsense_is_told_and_never_saved(warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path) -> None:
    broken = Path(shutil.copytree(tiny_model, tmp_path / "broken"))
    tensors = load_file(broken / "model.safetensors")
    tensors["encoder.layer.1.output.dense.weight"][0, 0] = float("nan")
    save_file(tensors, broken / "model.safetensors", metadata={"format": "pt"})
    training = a_training(tmp_path / "store", broken, pairs, RECIPE.model_copy(update={"checkpoint_steps": 1}))
    name = warm.start(training.request, "train")
    assert warm.wait(name) == Exit.FAILED
    assert "lower training.learningRate" in warm.message(name)
    assert Checkpoints(training.store, training.keys).latest() is None


@pytest.mark.parametrize("total", [1, 2, 10])
def test_the_learning_rate_is_used(total: int) -> None:
    assert max(schedule(step, total, 0.1) for step in range(total)) > 0
    assert all(0 <= schedule(step, total, 0.1) <= 1 for step in range(total))


def test_tied_weights_are_saved_and_restored() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(4, 4, bias=False)
            self.outer = nn.Linear(4, 4, bias=False)
            self.outer.weight = self.inner.weight

    model, other = Tied(), Tied()
    optimizers = [torch.optim.AdamW(module.parameters(), fused=True) for module in (model, other)]
    model.outer(model.inner(torch.ones(1, 4))).sum().backward()
    optimizers[0].step()
    checkpoints = Checkpoints(open_store("memory://"), StepKeys("tied"))
    checkpoints.save(1, model, optimizers[0], History())
    latest = checkpoints.latest()
    assert latest is not None
    checkpoints.restore(latest, other, optimizers[1])
    assert torch.equal(model.inner.weight, other.inner.weight)
    assert torch.equal(model.inner.weight, other.outer.weight)
    moments = [
        optimizer.state[module.inner.weight]["exp_avg"] for optimizer, module in zip(optimizers, (model, other), strict=True)
    ]
    assert torch.equal(*moments)
