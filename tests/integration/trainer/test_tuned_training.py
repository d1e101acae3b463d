"""Trainings of which a part of the model learns: resumed to the same bits, and the same mathematics on one process or two."""

import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embtune_api.documents.train import TrainFacts
from embtune_api.errors import Exit
from embtune_api.training import Training
from embtune_store import folders
from support.trainer import TrainingRun, Warm, a_training

from .test_training import RECIPE, run_to_the_end, stop_in_the_middle

TUNED: dict[str, dict[str, Any]] = {
    "adapters": {"lora": {"rank": 4, "alpha": 8, "dropout": 0.1}, "layerDecay": 0.8},
    "frozen weights": {"freeze": {"embeddings": True, "layers": 1}, "layerDecay": 0.5},
    "frozen documents": {"documentEncoder": "Frozen"},
}


def tuned(name: str, **changes: Any) -> Training:
    said = Training.model_validate({"tune": TUNED[name]}).tune
    return RECIPE.model_copy(update={"tune": said, "learning_rate": 5e-3, **changes})


def weights(training: TrainingRun) -> dict[str, str]:
    return {file.path: file.sha256 for file in TrainFacts.model_validate(training.manifest.facts).model.files}


@pytest.mark.parametrize("name", TUNED)
def test_a_killed_training_continues_to_bit_equal_weights(
    warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path, name: str
) -> None:
    undisturbed, killed = (a_training(tmp_path / which, tiny_model, pairs, tuned(name)) for which in ("undisturbed", "killed"))
    run_to_the_end(warm, undisturbed)
    assert stop_in_the_middle(warm, killed, signal.SIGKILL) == -signal.SIGKILL
    run_to_the_end(warm, killed)
    assert killed.report.resumed_from_step is not None
    assert weights(killed) == weights(undisturbed)
    assert undisturbed.report.curve[-1].loss < undisturbed.report.curve[0].loss
    assert (undisturbed.report.tuned.share < 1) == (name != "frozen documents")
    assert not list(undisturbed.store.list(undisturbed.keys.document_vectors.root)), "vectors go when the model is stored"


@pytest.mark.parametrize("name", ["adapters", "frozen documents"])
def test_two_processes_train_like_one(
    warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path, name: str
) -> None:
    recipe = tuned(name, dropout=0.0, epochs=1)
    recipe = recipe.model_copy(update={"tune": recipe.tune and recipe.tune.model_copy(update={"layer_decay": None})})
    if recipe.tune and recipe.tune.lora:
        lora = recipe.tune.lora.model_copy(update={"dropout": 0.0})
        recipe = recipe.model_copy(update={"tune": recipe.tune.model_copy(update={"lora": lora})})
    runs = [a_training(tmp_path / str(n), tiny_model, pairs, recipe, processes=n) for n in (1, 2)]
    for run in runs:
        run_to_the_end(warm, run)
    losses, norms = ([[getattr(p, name) for p in run.report.curve] for run in runs] for name in ("loss", "grad_norm"))
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)
    assert norms[0][:5] == pytest.approx(norms[1][:5], rel=1e-3)


def test_frozen_documents_are_embedded_by_the_base_and_published_beside_the_queries(
    warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path
) -> None:
    from sentence_transformers import SentenceTransformer

    full, frozen = (
        a_training(tmp_path / which, tiny_model, pairs, recipe)
        for which, recipe in (("full", RECIPE.model_copy(update={"epochs": 1})), ("frozen", tuned("frozen documents", epochs=1)))
    )
    for run in (full, frozen):
        run_to_the_end(warm, run)
    model = TrainFacts.model_validate(frozen.manifest.facts).model
    assert TrainFacts.model_validate(frozen.manifest.facts).encoder.frozen_documents
    folder = folders.materialize(frozen.store, model.prefix, model.files, tmp_path / "model")
    published, base = (SentenceTransformer(str(path), device="cpu", local_files_only=True) for path in (folder, tiny_model))
    texts = [pair["positive"] for pair in pairs[:20]]
    assert np.array_equal(published.encode_document(texts), base.encode_document(texts))
    assert not np.allclose(published.encode_query(texts), base.encode_query(texts), atol=1e-3)


def test_a_pattern_that_is_found_nowhere_ends_the_step_before_the_first_one(
    warm: Warm, tiny_model: Path, pairs: list[dict[str, str]], tmp_path: Path
) -> None:
    said = Training.model_validate({"tune": {"freeze": {"parameters": ["attn[.]q"]}}}).tune
    training = a_training(tmp_path, tiny_model, pairs, RECIPE.model_copy(update={"tune": said}))
    name = warm.start(training.request, "train")
    assert warm.wait(name) == Exit.INVALID, warm.log(name)
    assert "training.tune.freeze.parameters: attn[.]q is found in none of the" in warm.message(name)
    assert not training.has_begun()
