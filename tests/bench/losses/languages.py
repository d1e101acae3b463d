"""MSE: an English model learns where to put German, French and Spanish, from translations alone."""

from __future__ import annotations

import csv
import gzip
import hashlib
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from bench.losses.result import Comparison
from bench.losses.training import train
from bench.techniques.bounds import difference
from bench.techniques.sets import TLDR
from bench.techniques.training import prepare, score
from bench.trainer.workload import BASE
from embtune_trainer.encoder import load_encoder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sentence_transformers import SentenceTransformer

    from embtune_trainer.train.rows import Record

DATA = Path(__file__).parents[2] / "data" / "tldr-parallel"
LANGUAGES = {"de": "German", "fr": "French", "es": "Spanish"}
RECIPE = {"loss": {"name": "MSE"}, "epochs": 4, "learningRate": 1e-4}
ASKED = 0.25
"""Share of the English texts that are kept for questions, with all of their translations."""
MOST_LOST = 0.02
ENGLISH_ROWS = 2000

Pairs = list[tuple[str, str]]


def languages(seeds: Sequence[int]) -> Iterator[Comparison]:
    """Each language asks for the English text; then English descriptions for commands, as before."""
    held = {name: [pair for pair in read(name) if _is_asked(pair[0])] for name in LANGUAGES}
    learnt: list[Record] = [
        {"anchor": english, "positive": other} for name in LANGUAGES for english, other in read(name) if not _is_asked(english)
    ]
    base = load_encoder(BASE, torch.device("cpu"))
    tuned = [train(learnt, RECIPE, seed, teacher=BASE) for seed in seeds]
    for name, pairs in held.items():
        groups = np.unique([english for english, _ in pairs], return_inverse=True)[1]
        without, with_it = np.stack([found(base, pairs)] * len(seeds)), np.stack([found(model, pairs) for model in tuned])
        told = f"{LANGUAGES[name]} asks for English"
        yield Comparison.of(told, "ndcg@10", without, with_it, difference(with_it, without, groups), at_least=0.0)
    yield _english(base, tuned)


def _english(base: SentenceTransformer, tuned: Sequence[SentenceTransformer]) -> Comparison:
    with tempfile.TemporaryDirectory() as folder:
        exam = prepare(Path(folder), TLDR.taken()[:ENGLISH_ROWS], TLDR.data("rows.jsonl")).exam
    before = score(base, exam)
    without = np.stack([before.values] * len(tuned))
    with_it = np.stack([score(model, exam).values for model in tuned])
    told = "English asks for commands"
    return Comparison.of(told, "ndcg@10", without, with_it, difference(with_it, without, before.groups), at_least=-MOST_LOST)


def read(language: str) -> Pairs:
    """(English, translation)"""
    with gzip.open(DATA / f"en-{language}.tsv.gz", "rt", encoding="utf-8", newline="") as file:
        return [(row["en"], row[language]) for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def found(model: SentenceTransformer, pairs: Pairs) -> np.ndarray:
    """(pairs,): ndcg@10 of each translation, asked for its English text among all of them."""
    texts = sorted({english for english, _ in pairs})
    own = np.array([texts.index(english) for english, _ in pairs])
    asked, passages = (
        model.encode(each, normalize_embeddings=True, show_progress_bar=False) for each in ([other for _, other in pairs], texts)
    )
    similarity = asked @ passages.T
    rank = (similarity > similarity[np.arange(len(own)), own][:, None]).sum(axis=1)
    return np.where(rank < 10, 1 / np.log2(rank + 2), 0.0)


def _is_asked(english: str) -> bool:
    return int.from_bytes(hashlib.sha256(english.casefold().encode()).digest()[:4], "big") < ASKED * 2**32
