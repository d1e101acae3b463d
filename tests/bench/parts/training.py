"""One arm with one seed: the real step in a process of its own, and what its published model scores."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bench.techniques.training import RECIPE, score
from bench.trainer.workload import BASE
from embtune_api.documents.train import TrainFacts
from embtune_api.presets import resolve
from embtune_api.training import Training
from embtune_trainer.encoder import device_for, load_encoder
from support.trainer import a_training

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from bench.parts.arms import Arm
    from bench.techniques.training import Prepared, Scored
    from embtune_api.reports import TrainingReport


@dataclass(frozen=True)
class Trained:
    report: TrainingReport
    values: NDArray[np.float64]
    """(queries,): ndcg@10 of each."""


def train_and_score(arm: Arm, seed: int, prepared: Prepared, folder: Path) -> Trained:
    """As a pod would, and from the folder that it would publish."""
    spelled = RECIPE | {"seed": seed, "learningRate": arm.learning_rate, "tune": dict(arm.tune)}
    recipe = resolve(Training.model_validate(spelled), len(prepared.records))
    training = a_training(folder, BASE, prepared.records, recipe)
    request = folder / "request.json"
    request.write_text(training.request.model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-m", "embtune_trainer", "train", "--request", str(request)]
    subprocess.run(command, check=True, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    published = training.store.local_path(TrainFacts.model_validate(training.manifest.facts).model.prefix)
    assert published is not None, "the store is a folder"
    model = load_encoder(published, device_for(0))
    if arm.tune.get("documentEncoder") == "Frozen":
        texts = prepared.exam.passages[:64]
        old = load_encoder(BASE, device_for(0)).encode_document(texts)
        assert np.array_equal(model.encode_document(texts), old), "vectors that an index has are those of the new version"
    return Trained(training.report, score(model, prepared.exam).values)


def untouched(prepared: Prepared) -> Scored:
    """The base."""
    return score(load_encoder(BASE, device_for(0)), prepared.exam)
