"""Speed-ups do not change the mathematics: each loss against the one of sentence-transformers that has its name."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
import torch.distributed as dist
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer import losses as theirs
from torch import Tensor

from embtune_api.keys import StepKeys
from embtune_api.losses import LossName
from embtune_api.training import Loss, Training
from embtune_store import open_store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop, schedule
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.objectives.scored import unit_scores
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import Record, tokenize_rows
from support.training_rows import rows_for

STEPS = 20
BATCH = 24
Rival = Callable[[SentenceTransformer], torch.nn.Module]
RIVALS: dict[LossName, Rival] = {
    "MultipleNegativesRanking": theirs.MultipleNegativesRankingLoss,
    "CachedMultipleNegativesRanking": partial(theirs.CachedMultipleNegativesRankingLoss, mini_batch_size=8),
    "Triplet": theirs.TripletLoss,
    "CoSENT": theirs.CoSENTLoss,
    "CosineSimilarity": theirs.CosineSimilarityLoss,
    "Contrastive": theirs.ContrastiveLoss,
    "OnlineContrastive": theirs.OnlineContrastiveLoss,
    "BatchHardSoftMarginTriplet": theirs.BatchHardSoftMarginTripletLoss,
}


@pytest.fixture(scope="module", autouse=True)
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A process group of this process."""
    place = tmp_path_factory.mktemp("group") / "rendezvous"
    dist.init_process_group("gloo", init_method=f"file://{place}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def unrelated(pairs: list[dict[str, str]]) -> list[dict[str, str]]:
    """Pairs of which none answers another's anchor: known positives are masked here and are negatives there."""
    seen: set[str] = set()
    kept = []
    for pair in pairs:
        texts = {normalise(pair["anchor"]), normalise(pair["positive"])}
        if not texts & seen:
            kept.append({"anchor": pair["anchor"], "positive": pair["positive"]})
        seen |= texts
    return kept


def recipe_for(loss: LossName) -> Training:
    how = Loss(name=loss, mini_batch_size=8)
    return Training(
        loss=how, epochs=4, batch_size=BATCH, learning_rate=1e-3, dropout=0.0, seed=3, checkpoint_steps=1000, precision="fp32"
    )


def batches_of(loop: Loop) -> list[Rows]:
    return [batch for _, batch in zip(range(STEPS), (batch for _, batch in loop._batches_after(0)), strict=False)]


def ours(base: Path, records: list[Record], recipe: Training) -> tuple[list[float], list[Rows]]:
    model = load_encoder(base, torch.device("cpu"))
    rows, objective = tokenize_rows(records, model, None), make_objective(records, recipe.loss)
    checkpoints = Checkpoints(open_store("memory://"), StepKeys("unused"))
    loop = Loop(model, rows, objective, recipe, Ranks(), checkpoints, False, lambda _: None, lambda: False)
    loop._prepare_model()
    optimizer, losses, batches = loop._optimizer(), [], batches_of(loop)
    for step, batch in enumerate(batches):
        loop._set_learning_rate(optimizer, step)
        losses.append(float(loop._train_on(step, batch, optimizer, Outcome())[0]))
    return losses, batches


def plain(base: Path, records: list[Record], recipe: Training, batches: list[Rows], total: int) -> list[float]:
    """As a script of sentence-transformers' own would do it."""
    model = SentenceTransformer(str(base), device="cpu")
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    loss = RIVALS[recipe.loss.name](model)  # type: ignore[index]
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    losses = []
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * schedule(step, total, recipe.warmup_ratio)
        optimizer.zero_grad()
        columns, labels = arguments([records[row] for row in batch], records)
        value = loss([model.preprocess(column) for column in columns], labels)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.max_grad_norm)
        optimizer.step()
        losses.append(float(value.detach()))
    return losses


def arguments(batch: list[Record], records: list[Record]) -> tuple[list[list[str]], Any]:
    """Columns of texts, and labels."""
    if "text" in batch[0]:
        names = sorted({record["label"] for record in records})
        return [[record["text"] for record in batch]], torch.tensor([names.index(record["label"]) for record in batch])
    if "score" in batch[0]:
        scores = unit_scores(np.array([record["score"] for record in records]))
        by_texts = {(r["sentence1"], r["sentence2"]): score for r, score in zip(records, scores, strict=True)}
        labels: Tensor = torch.tensor([by_texts[r["sentence1"], r["sentence2"]] for r in batch], dtype=torch.float32)
        return [[record["sentence1"] for record in batch], [record["sentence2"] for record in batch]], labels
    columns = [[record["anchor"] for record in batch], [record["positive"] for record in batch]]
    return [*columns, *([[record["negatives"][0] for record in batch]] if "negatives" in batch[0] else [])], None


@pytest.mark.parametrize("loss", get_args(LossName))
def test_the_first_losses_are_those_of_sentence_transformers(
    loss: LossName, tiny_model: Path, unrelated: list[dict[str, str]]
) -> None:
    recipe, records = recipe_for(loss), rows_for(loss, unrelated)
    losses, batches = ours(tiny_model, records, recipe)
    assert len(losses) == STEPS
    total = 4 * -(-len(records) // BATCH)
    assert losses == pytest.approx(plain(tiny_model, records, recipe, batches, total), abs=1e-4)
    assert max(losses) - min(losses) > 1e-3, "it learns"


def test_pairs_without_negatives_have_the_loss_of_sentence_transformers(
    tiny_model: Path, unrelated: list[dict[str, str]]
) -> None:
    recipe = recipe_for("MultipleNegativesRanking")
    losses, batches = ours(tiny_model, list(unrelated), recipe)
    total = 4 * -(-len(unrelated) // BATCH)
    assert losses == pytest.approx(plain(tiny_model, list(unrelated), recipe, batches, total), abs=1e-4)
