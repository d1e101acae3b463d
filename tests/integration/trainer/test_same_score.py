"""The real model, trained by one process and by two: published models that find the same."""

from pathlib import Path

import numpy as np
import torch

from embtune_api.documents.train import TrainFacts
from embtune_api.errors import Exit
from embtune_api.training import Loss, Training
from embtune_trainer.encoder import load_encoder
from embtune_trainer.evaluate.ranking import rank_passages
from embtune_trainer.evaluate.retrieval_metrics import retrieval_metric
from support.real_model import real_model
from support.rows import tldr_pairs
from support.trainer import TrainingRun, Warm, a_training

RECIPE = Training(
    loss=Loss(name="MultipleNegativesRanking"), epochs=1, batch_size=64, learning_rate=5e-5, max_seq_length=32, seed=7
)
"""With dropout and the precision of the machine, as people train."""
TRAINED, ASKED = 448, 300


def test_two_processes_reach_the_ndcg_of_one(warm: Warm, tmp_path: Path) -> None:
    pairs = tldr_pairs(TRAINED + ASKED)
    runs = [a_training(tmp_path / str(n), real_model(), pairs[:TRAINED], RECIPE, processes=n) for n in (1, 2)]
    for run in runs:
        name = warm.start(run.request, "train")
        assert warm.wait(name) == Exit.OK, warm.log(name)
    one, two = (ndcg_at_10(published(run), pairs[TRAINED:]) for run in runs)
    assert abs(one - two) <= 0.01
    assert min(one, two) > ndcg_at_10(real_model(), pairs[TRAINED:]), "both learnt"


def published(run: TrainingRun) -> Path:
    folder = run.store.local_path(TrainFacts.model_validate(run.manifest.facts).model.prefix)
    assert folder is not None
    return folder


def ndcg_at_10(model: Path, asked: list[dict[str, str]]) -> float:
    """Each description asks for its command among all of them."""
    encoder = load_encoder(model, torch.device("cpu"))
    commands = sorted({pair["positive"] for pair in asked})
    queries, passages = (
        encoder.encode(texts, show_progress_bar=False) for texts in ([pair["anchor"] for pair in asked], commands)
    )
    ranked = rank_passages(queries, passages, commands, 10)
    wanted = np.array([commands.index(pair["positive"]) for pair in asked])
    return float(retrieval_metric("ndcg", 10, (ranked == wanted[:, None]).astype(float), np.ones((len(asked), 1))).mean())
