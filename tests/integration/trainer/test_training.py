"""The train step under torchrun: reproducible, resumable, and the same mathematics on one process or two."""

import signal
import time
from pathlib import Path

import psutil
import pytest

from embtune_api.documents.train import TrainFacts
from embtune_api.errors import Exit
from embtune_api.training import Loss, Training
from embtune_trainer.train.checkpoints import Checkpoints
from support.trainer import TrainingRun, Warm, a_training

RECIPE = Training(
    loss=Loss(name="MultipleNegativesRanking"),
    epochs=4,
    batch_size=16,
    learning_rate=1e-3,
    max_seq_length=32,
    seed=7,
    checkpoint_steps=10,
    precision="fp32",
    deterministic=True,
)
STEPS = 60


def run_to_the_end(warm: Warm, training: TrainingRun) -> None:
    name = warm.start(training.request, "train")
    assert warm.wait(name) == Exit.OK, warm.log(name)


def stop_in_the_middle(warm: Warm, training: TrainingRun, number: int) -> int:
    """Send a signal once the second checkpoint is there; returns the exit code."""
    name = warm.start(training.request, "train")
    wait_for_checkpoint(warm, name, training)
    warm.signal(name, number)
    return warm.wait(name)


def wait_for_checkpoint(warm: Warm, name: str, training: TrainingRun) -> None:
    deadline = time.monotonic() + 60
    while not training.store.exists(f"{training.keys.checkpoint(20)}/manifest.json"):
        assert time.monotonic() < deadline, warm.log(name)
        time.sleep(0.005)


def test_the_same_request_gives_the_same_bytes(warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path) -> None:
    first, second = (a_training(tmp_path / name, tiny_model, pairs, RECIPE) for name in ("first", "second"))
    run_to_the_end(warm, first)
    run_to_the_end(warm, second)
    assert first.weights_sha256 == second.weights_sha256
    assert first.report.total_steps == STEPS
    assert first.report.forward == "packed", first.report.forward_because
    assert first.report.padding_factor < 1.1
    assert first.report.curve[-1].loss < first.report.curve[0].loss
    other_seed = a_training(tmp_path / "other", tiny_model, pairs, RECIPE.model_copy(update={"seed": 8}))
    run_to_the_end(warm, other_seed)
    assert other_seed.weights_sha256 != first.weights_sha256


@pytest.mark.parametrize(
    ("number", "exit_code"), [(signal.SIGTERM, Exit.STOPPED), (signal.SIGKILL, -signal.SIGKILL)], ids=["SIGTERM", "SIGKILL"]
)
def test_a_stopped_training_continues_to_bit_equal_weights(
    warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path, number: int, exit_code: int
) -> None:
    recipe = RECIPE.model_copy(update={"max_seq_length": "Auto"})
    undisturbed, stopped = (a_training(tmp_path / name, tiny_model, pairs, recipe) for name in ("undisturbed", "stopped"))
    run_to_the_end(warm, undisturbed)
    length = undisturbed.report.recipe["maxSeqLength"]
    assert length in range(8, 65, 8)
    assert undisturbed.report.encoder.max_seq_length == 64, "the published model keeps its own limit"
    assert stop_in_the_middle(warm, stopped, number) == exit_code
    assert not stopped.store.exists(stopped.keys.manifest)
    kept = Checkpoints(stopped.store, stopped.keys).latest()
    assert kept
    assert kept.history.max_seq_length == length
    run_to_the_end(warm, stopped)
    assert stopped.report.resumed_from_step is not None
    assert stopped.report.resumed_from_step >= 20
    assert stopped.weights_sha256 == undisturbed.weights_sha256
    assert [point.step for point in stopped.report.curve] == [point.step for point in undisturbed.report.curve]


def test_sigterm_redoes_no_step(warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path) -> None:
    training = a_training(tmp_path, tiny_model, pairs, RECIPE.model_copy(update={"checkpoint_steps": 20, "epochs": 30}))
    assert stop_in_the_middle(warm, training, signal.SIGTERM) == Exit.STOPPED
    saved = max(
        int(stored.key.split("/")[-2]) for stored in training.store.list(training.keys.checkpoints) if "manifest" in stored.key
    )
    assert saved % 20 != 0 or saved > 20, "the checkpoint is of the moment it was stopped, not of the interval"


def test_a_finished_training_does_nothing(warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path) -> None:
    training = a_training(tmp_path, tiny_model, pairs[:32], RECIPE)
    run_to_the_end(warm, training)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    run_to_the_end(warm, training)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before
    assert not list(training.store.list(training.keys.checkpoints)), "checkpoints go when the model is stored"


def test_the_cached_loss_has_the_same_gradients_in_less_memory(
    warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path
) -> None:
    plain = RECIPE.model_copy(update={"dropout": 0.0})
    cached = plain.model_copy(update={"loss": Loss(name="CachedMultipleNegativesRanking", mini_batch_size=5)})
    runs = [a_training(tmp_path / recipe.loss.name, tiny_model, pairs, recipe) for recipe in (plain, cached)]
    for run in runs:
        run_to_the_end(warm, run)
    curves = [[point.loss for point in run.report.curve] for run in runs]
    assert curves[0] == pytest.approx(curves[1], abs=2e-4)


def test_two_processes_train_like_one(warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"dropout": 0.0, "evaluation_steps": 20})
    train, validation = pairs[:180], pairs[180:]
    runs = [a_training(tmp_path / str(n), tiny_model, train, recipe, processes=n, validation=validation) for n in (1, 2)]
    for run in runs:
        run_to_the_end(warm, run)
    assert [run.report.processes for run in runs] == [1, 2]
    losses, norms = ([[getattr(p, name) for p in run.report.curve] for run in runs] for name in ("loss", "grad_norm"))
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)
    assert norms[0][:5] == pytest.approx(norms[1][:5], rel=1e-3)
    looks = [run.report.validation for run in runs]
    assert looks[0]
    assert looks[1]
    assert [point.step for point in looks[0].points] == [point.step for point in looks[1].points] == [20, 40, 48]
    assert [p.loss for p in looks[0].points] == pytest.approx([p.loss for p in looks[1].points], abs=1e-2)
    assert TrainFacts.model_validate(runs[1].manifest.facts).best_step == looks[1].best_step


def test_no_process_is_left_behind_by_a_killed_training(
    warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path
) -> None:
    training = a_training(tmp_path, tiny_model, pairs, RECIPE.model_copy(update={"epochs": 100}), processes=2)
    name = warm.start(training.request, "train")
    wait_for_checkpoint(warm, name, training)
    agents = psutil.Process(warm.process.pid).children()
    workers = [worker for agent in agents for worker in agent.children(recursive=True)]
    assert len(workers) == 2
    warm.signal(name, signal.SIGKILL)
    assert warm.wait(name) == -signal.SIGKILL
    _, alive = psutil.wait_procs([*agents, *workers], timeout=10)
    assert alive == []
