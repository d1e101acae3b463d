"""One training with a loss, its teacher and Matryoshka, as the step `train` does it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.trainer.workload import BASE
from embtune_api.presets import resolve
from embtune_api.training import Training
from embtune_trainer.encoder import device_for, load_encoder
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.precision import choose_arithmetic
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import Record, tokenize_rows
from embtune_trainer.train.teaching import ask_teacher
from support.trainer import a_training

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentence_transformers import SentenceTransformer

RECIPE = {"batchSize": 64, "maxSeqLength": 64, "checkpointSteps": 1_000_000}


def train(records: Sequence[Record], recipe: dict[str, Any], seed: int, teacher: Path | None = None) -> SentenceTransformer:
    """all-MiniLM-L6-v2, trained on the records. `teacher`: a folder, whoever the recipe names."""
    device = device_for(0)
    model = load_encoder(BASE, device)
    explicit = resolve(Training.model_validate(RECIPE | recipe | {"seed": seed}), len(records))
    with tempfile.TemporaryDirectory(prefix="embtune-bench-") as folder:
        run = a_training(Path(folder), BASE, records, explicit, teacher=teacher)
        ranks, dimension = Ranks(), model.get_embedding_dimension()
        lessons = ask_teacher(run.request, records, run.store, ranks, device, dimension, lambda _: None)
        rows = tokenize_rows(records, model, explicit.explicit_max_seq_length)
        objective = make_objective(records, explicit.loss, lessons, explicit.matryoshka)
        checkpoints = Checkpoints(run.store, run.keys)
        dtype = choose_arithmetic("Auto", device, ranks).dtype
        Loop(model, rows, objective, explicit, ranks, checkpoints, dtype, lambda _: None, lambda: False).run()
    return model
