"""MarginMSE: a cross-encoder is trained here, and an encoder learns by how much it prefers the right answer."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from bench.losses.result import Comparison
from bench.losses.training import train
from bench.techniques.bounds import difference
from bench.techniques.sets import TLDR
from bench.techniques.training import prepare, score
from bench.trainer.workload import BASE
from embtune_trainer.cross_encoder import load_cross_encoder
from embtune_trainer.cross_encoder import score as read_pairs
from embtune_trainer.encoder import load_encoder
from embtune_trainer.evaluate.exam import group_index
from support.cross_encoders import train_reader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sentence_transformers import SentenceTransformer

    from embtune_trainer.evaluate.exam import LoadedExam

ROWS = 2000
MINE = {"mine": {"perQuery": 2}}
RECIPE: dict[str, Any] = {
    "loss": {"name": "MarginMSE", "teacher": {"uri": "the one that is trained here"}},
    "epochs": 2,
    "learningRate": 5e-5,
}
STEPS, RATE = 150, 5e-5

Triplets = list[tuple[str, str, str]]


def distillation(seeds: Sequence[int]) -> Iterator[Comparison]:
    """How far the model's margins are from the cross-encoder's on triplets that neither was trained on; and ndcg@10."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        prepared = prepare(folder, TLDR.taken()[:ROWS], TLDR.data("rows.jsonl") | MINE)
        pairs = [(record["anchor"], record["positive"]) for record in prepared.records]
        teacher = train_reader(folder / "reader", BASE, pairs, STEPS, RATE)
        base = load_encoder(BASE, torch.device("cpu"))
        tuned = [train(prepared.records, RECIPE, seed, teacher) for seed in seeds]
        triplets, groups = held_out(base, prepared.exam)
        wanted = margins_of(teacher, triplets)
    before = -np.square(margins(base, triplets) - wanted)
    without, with_it = np.stack([before] * len(seeds)), -np.stack([np.square(margins(m, triplets) - wanted) for m in tuned])
    told = "tldr, triplets of the exam"
    yield Comparison.of(told, "− squared error", without, with_it, difference(with_it, without, groups), at_least=0.0)
    scored = score(base, prepared.exam)
    without, with_it = np.stack([scored.values] * len(seeds)), np.stack([score(model, prepared.exam).values for model in tuned])
    yield Comparison.of("tldr", "ndcg@10", without, with_it, difference(with_it, without, scored.groups), at_least=None)


def held_out(base: SentenceTransformer, exam: LoadedExam) -> tuple[Triplets, np.ndarray]:
    """Of each query of the exam a right answer, and the wrong one that the base finds nearest; and the queries' groups."""
    asked, passages = (
        base.encode(texts, normalize_embeddings=True, show_progress_bar=False) for texts in (exam.queries, exam.passages)
    )
    ranked = np.argsort(-(asked @ passages.T), axis=1)
    place = {name: at for at, name in enumerate(exam.passage_ids)}
    triplets = []
    for number, (name, query) in enumerate(zip(exam.query_ids, exam.queries, strict=True)):
        right = {place[passage] for passage in exam.relevance[name]}
        wrong = next(at for at in ranked[number] if at not in right)
        triplets.append((query, exam.passages[min(right)], exam.passages[wrong]))
    return triplets, group_index(exam)


def margins_of(teacher: Path, triplets: Triplets) -> np.ndarray:
    """(triplets,): by how much the cross-encoder prefers the right answer."""
    reader = load_cross_encoder(teacher, str(teacher), "teacher")
    pairs = [(query, text) for query, *answers in triplets for text in answers]
    scores = read_pairs(reader, pairs, lambda *_: None).reshape(-1, 2)
    return np.asarray(scores[:, 0] - scores[:, 1], dtype=np.float64)


def margins(model: SentenceTransformer, triplets: Triplets) -> np.ndarray:
    """(triplets,): by how much the dot product of the right answer is larger."""
    query, right, wrong = (model.encode(list(texts), show_progress_bar=False) for texts in zip(*triplets, strict=True))
    return np.asarray((query * (right - wrong)).sum(axis=1), dtype=np.float64)
