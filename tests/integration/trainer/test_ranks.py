"""Any number of processes: the same batch, the same gradient, with every loss."""

import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from embtune_api.losses import TEACHERS, LossName
from embtune_api.training import Training
from support.trainer import Beside, a_training
from support.training_rows import loss_named, rows_for

AUXILIARY = ("sts", "tickets")
SCRIPT = Path(__file__).with_name("first_gradient.py")


@pytest.fixture(scope="module")
def gradients(
    tiny_model: Path, teachers: dict[str, Path], pairs: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> list[Path]:
    """Folders of first gradients, of one process and of two, with stores of their own: a teacher is asked anew."""
    folders = []
    for processes in (1, 2):
        folders.append(tmp_path_factory.mktemp(f"processes-{processes}"))
        for loss in get_args(LossName):
            teacher = teachers.get(TEACHERS.get(loss, ""))
            training = a_training(
                folders[-1] / loss, tiny_model, rows_for(loss, pairs), recipe_for(loss), processes, teacher=teacher
            )
            (folders[-1] / f"{loss}.json").write_text(training.request.model_dump_json(), encoding="utf-8")
        for one in beside(pairs):
            training = a_training(
                folders[-1] / one.name, tiny_model, pairs, recipe_for("MultipleNegativesRanking"), processes, beside=[one]
            )
            (folders[-1] / f"{one.name}.json").write_text(training.request.model_dump_json(), encoding="utf-8")
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}", str(SCRIPT)]
        subprocess.run([*command, str(folders[-1]), str(folders[-1])], check=True, timeout=300)
    return folders


def beside(pairs: list[dict[str, str]]) -> list[Beside]:
    """Auxiliary sets that weigh so much that the first batch is of them."""
    return [
        Beside("sts", "CoSENT", rows_for("CoSENT", pairs), "scored pairs", weight=90),
        Beside("tickets", "BatchHardTriplet", rows_for("BatchHardTriplet", pairs), "labelled texts", weight=90),
    ]


def recipe_for(loss: LossName) -> Training:
    return Training(
        loss=loss_named(loss),
        epochs=1,
        batch_size=32,
        learning_rate=1e-3,
        max_seq_length=32,
        dropout=0.0,
        seed=7,
        checkpoint_steps=1000,
    )


@pytest.mark.parametrize("loss", [*get_args(LossName), *AUXILIARY])
def test_two_processes_have_the_first_gradient_of_one(gradients: list[Path], loss: str, pairs: list[dict[str, str]]) -> None:
    one, two = (saved(folder / f"{loss}.npz") for folder in gradients)
    assert np.array_equal(one["batch"], two["batch"])
    assert (one["batch"] >= len(pairs)).all() == (loss in AUXILIARY), "it is of the auxiliary set, where there is one"
    assert_same(two["gradient"], one["gradient"])


@pytest.mark.parametrize("loss", [*get_args(LossName), *AUXILIARY])
def test_memory_that_runs_out_on_one_process_changes_no_gradient(gradients: list[Path], loss: str) -> None:
    """The first rank hears of it from the last one: both hold half as many texts from then on."""
    for run in (saved(folder / f"{loss}.npz") for folder in gradients):
        assert run["halvings"] >= 1
        assert_same(run["cramped"], run["gradient"])


def test_two_processes_agree_on_a_step_that_overflows_on_one_of_them(gradients: list[Path]) -> None:
    one, first, second = (saved(gradients[at] / f"fp16-{rank}.npz") for at, rank in ((0, 0), (1, 0), (1, 1)))
    assert [int(run["skipped"]) for run in (one, first, second)] == [1, 1, 1]
    assert [float(run["scale"]) for run in (one, first, second)] == [32768] * 3
    assert np.array_equal(first["weights"], second["weights"])
    assert np.abs(first["weights"] - one["weights"]).mean() < 1e-5


def test_processes_find_how_many_texts_fit_into_the_smallest_memory(gradients: list[Path]) -> None:
    one, first, second = (int(saved(gradients[at] / f"fp16-{rank}.npz")["texts"]) for at, rank in ((0, 0), (1, 0), (1, 1)))
    assert one == first == second
    assert 1 <= one < 120


def test_processes_take_the_arithmetic_that_all_of_them_have(gradients: list[Path]) -> None:
    found = [saved(gradients[at] / f"fp16-{rank}.npz")["precision"] for at, rank in ((0, 0), (1, 0), (1, 1))]
    assert found == ["bf16", "fp16", "fp16"]


def assert_same(gradient: np.ndarray, other: np.ndarray) -> None:
    cosine = gradient @ other / (np.linalg.norm(gradient) * np.linalg.norm(other))
    assert cosine >= 0.9999
    assert abs(np.linalg.norm(gradient) / np.linalg.norm(other) - 1) < 1e-4


def saved(file: Path) -> dict[str, np.ndarray]:
    with np.load(file) as arrays:
        return dict(arrays)
