"""Speed-ups do not change the mathematics: each loss against the one of sentence-transformers that has its name."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
import torch.distributed as dist
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer import losses as theirs
from torch import Tensor

from embtune_api.keys import StepKeys
from embtune_api.losses import TEACHERS, LossChoice, LossName
from embtune_api.matryoshka import Matryoshka
from embtune_api.training import Training
from embtune_store import open_store
from embtune_trainer.encoder import load_encoder
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.train.batches import Rows
from embtune_trainer.train.checkpoints import Checkpoints
from embtune_trainer.train.loop import Loop, schedule
from embtune_trainer.train.memory import Memory
from embtune_trainer.train.objectives import make_objective
from embtune_trainer.train.objectives.scored import unit_scores
from embtune_trainer.train.outcome import Outcome
from embtune_trainer.train.ranks import Ranks
from embtune_trainer.train.rows import Record, tokenize_rows
from embtune_trainer.train.teaching import ask_teacher
from support.trainer import TrainingRun, a_training
from support.training_rows import loss_named, rows_for

STEPS = 20
BATCH = 24
SYMMETRIC: dict[str, Any] = {"directions": ("query_to_doc", "doc_to_query"), "partition_mode": "per_direction"}
"""What MultipleNegativesSymmetricRankingLoss stands for: the class itself is deprecated."""
Rival = Callable[..., torch.nn.Module]
"""The model, and the guide of a loss that has one."""
RIVALS: dict[LossName, Rival] = {
    "MultipleNegativesRanking": theirs.MultipleNegativesRankingLoss,
    "CachedMultipleNegativesRanking": partial(theirs.CachedMultipleNegativesRankingLoss, mini_batch_size=8),
    "MultipleNegativesSymmetricRanking": partial(theirs.MultipleNegativesRankingLoss, **SYMMETRIC),
    "CachedMultipleNegativesSymmetricRanking": partial(theirs.CachedMultipleNegativesRankingLoss, mini_batch_size=8, **SYMMETRIC),
    "GIST": theirs.GISTEmbedLoss,
    "CachedGIST": partial(theirs.CachedGISTEmbedLoss, mini_batch_size=8),
    "Triplet": theirs.TripletLoss,
    "MarginMSE": theirs.MarginMSELoss,
    "MSE": theirs.MSELoss,
    "CoSENT": theirs.CoSENTLoss,
    "CosineSimilarity": theirs.CosineSimilarityLoss,
    "Contrastive": theirs.ContrastiveLoss,
    "OnlineContrastive": theirs.OnlineContrastiveLoss,
    "BatchAllTriplet": theirs.BatchAllTripletLoss,
    "BatchHardTriplet": theirs.BatchHardTripletLoss,
    "BatchSemiHardTriplet": theirs.BatchSemiHardTripletLoss,
    "BatchHardSoftMarginTriplet": theirs.BatchHardSoftMarginTripletLoss,
}
MATRYOSHKA = Matryoshka(dims=[8, 32, 16], weights=[0.5, 1.0, 2.0])
NESTED: tuple[LossName, ...] = (
    "MultipleNegativesRanking",
    "CachedMultipleNegativesRanking",
    "CachedGIST",
    "Triplet",
    "MarginMSE",
    "MSE",
    "CoSENT",
    "BatchHardTriplet",
)
"""One of each objective, and the cached ones, which Matryoshka is put around in another way there."""


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


def recipe_for(loss: LossName, matryoshka: Matryoshka | None = None) -> Training:
    return Training(
        loss=loss_named(loss, mini_batch_size=8),
        matryoshka=matryoshka,
        epochs=4,
        batch_size=BATCH,
        learning_rate=1e-3,
        dropout=0.0,
        seed=3,
        checkpoint_steps=1000,
        precision="fp32",
    )


def batches_of(loop: Loop) -> list[Rows]:
    return [batch for _, batch in zip(range(STEPS), (batch for _, batch in loop._batches_after(0)), strict=False)]


def ours(training: TrainingRun, base: Path, records: list[Record]) -> tuple[list[float], list[Rows]]:
    """As the step `train` does it."""
    recipe, device = training.request.training, torch.device("cpu")
    model = load_encoder(base, device)
    lessons = ask_teacher(training.request, records, training.store, Ranks(), device, 32, lambda _: None)
    rows, objective = tokenize_rows(records, model, None), make_objective(records, recipe.loss, lessons, recipe.matryoshka)
    checkpoints = Checkpoints(open_store("memory://"), StepKeys("unused"))
    memory = Memory.of(recipe, batch_texts=10_000)
    dtype = torch.float32
    loop = Loop(model, rows, objective, recipe, Ranks(), checkpoints, dtype, lambda _: None, lambda: False, memory=memory)
    loop._prepare_model()
    optimizer, losses, batches = loop._optimizer(), [], batches_of(loop)
    for step, batch in enumerate(batches):
        loop._set_learning_rate(optimizer, step)
        losses.append(float(loop._train_on(step, batch, optimizer, Outcome())[0]))
    return losses, batches


def plain(base: Path, records: list[Record], recipe: Training, batches: list[Rows], teachers: dict[str, Path]) -> list[float]:
    """As a script of sentence-transformers' own would do it."""
    total = 4 * -(-len(records) // BATCH)
    model = SentenceTransformer(str(base), device="cpu")
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    teach = taught(recipe.loss.name, teachers)
    guide = [teach] if recipe.loss.name in ("GIST", "CachedGIST") else []
    loss = RIVALS[recipe.loss.name](model, *guide)  # type: ignore[index]
    if recipe.matryoshka:
        loss = theirs.MatryoshkaLoss(model, loss, recipe.matryoshka.dims, recipe.matryoshka.weights)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.0)
    losses = []
    for step, batch in enumerate(batches):
        for group in optimizer.param_groups:
            group["lr"] = 1e-3 * schedule(step, total, recipe.warmup_ratio)
        optimizer.zero_grad()
        columns, labels = arguments([records[row] for row in batch], records, teach)
        value = loss([model.preprocess(column) for column in columns], labels)
        value.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.max_grad_norm)
        optimizer.step()
        losses.append(float(value.detach()))
    return losses


def taught(loss: LossChoice, teachers: dict[str, Path]) -> Any:
    """A SentenceTransformer, a CrossEncoder, or None."""
    match TEACHERS.get(loss):
        case "encoder":
            return SentenceTransformer(str(teachers["encoder"]), device="cpu")
        case "cross-encoder":
            return CrossEncoder(str(teachers["cross-encoder"]), device="cpu")
    return None


def arguments(batch: list[Record], records: list[Record], teach: Any) -> tuple[list[list[str]], Any]:
    """Columns of texts, and labels; a teacher that is no guide is asked as sentence-transformers' documentation does it."""
    if "text" in batch[0]:
        names = sorted({record["label"] for record in records})
        return [[record["text"] for record in batch]], torch.tensor([names.index(record["label"]) for record in batch])
    if "score" in batch[0]:
        scores = unit_scores(np.array([record["score"] for record in records]))
        by_texts = {(r["sentence1"], r["sentence2"]): score for r, score in zip(records, scores, strict=True)}
        labels: Tensor = torch.tensor([by_texts[r["sentence1"], r["sentence2"]] for r in batch], dtype=torch.float32)
        return [[record["sentence1"] for record in batch], [record["sentence2"] for record in batch]], labels
    columns = [[record["anchor"] for record in batch], [record["positive"] for record in batch]]
    if "negatives" in batch[0]:
        columns.append([record["negatives"][0] for record in batch])
    if isinstance(teach, CrossEncoder):
        good, bad = (teach.predict(list(zip(columns[0], texts, strict=True))) for texts in columns[1:])
        return columns, torch.from_numpy(good - bad)
    return columns, torch.from_numpy(teach.encode(columns[0])) if teach else None


def compared(
    folder: Path, base: Path, teachers: dict[str, Path], records: list[Record], recipe: Training
) -> tuple[list[float], list[float]]:
    """The first losses: ours, and theirs of the same batches."""
    training = a_training(folder, base, records, recipe, teacher=teachers.get(TEACHERS.get(recipe.loss.name, "")))
    losses, batches = ours(training, base, records)
    assert len(losses) == STEPS
    return losses, plain(base, records, recipe, batches, teachers)


@pytest.mark.parametrize(
    ("loss", "matryoshka"),
    [
        *(pytest.param(loss, None, id=loss) for loss in get_args(LossName)),
        *(pytest.param(loss, MATRYOSHKA, id=f"{loss} of cut vectors too") for loss in NESTED),
    ],
)
def test_the_first_losses_are_those_of_sentence_transformers(
    loss: LossName,
    matryoshka: Matryoshka | None,
    tiny_model: Path,
    teachers: dict[str, Path],
    unrelated: list[dict[str, str]],
    tmp_path: Path,
) -> None:
    records = rows_for(loss, unrelated)
    losses, expected = compared(tmp_path, tiny_model, teachers, records, recipe_for(loss, matryoshka))
    assert losses == pytest.approx(expected, abs=1e-4)
    assert max(losses) - min(losses) > 1e-3, "it learns"


@pytest.mark.parametrize("loss", ["MultipleNegativesRanking", "MultipleNegativesSymmetricRanking", "GIST"])
def test_pairs_without_negatives_have_the_loss_of_sentence_transformers(
    loss: LossName, tiny_model: Path, teachers: dict[str, Path], unrelated: list[dict[str, str]], tmp_path: Path
) -> None:
    losses, expected = compared(tmp_path, tiny_model, teachers, list(unrelated), recipe_for(loss))
    assert losses == pytest.approx(expected, abs=1e-4)
