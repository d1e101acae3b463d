"""Matryoshka: trained with it and cut to 64 numbers, against trained without it and cut to 64 numbers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.losses.result import Comparison
from bench.losses.training import train
from bench.techniques.bounds import difference
from bench.techniques.sets import BANKING, TLDR
from bench.techniques.training import prepare, score

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.techniques.sets import RealSet
    from bench.techniques.training import Prepared

SHORT = 64
PLAIN: dict[str, Any] = {"epochs": 3, "batchSize": 32, "learningRate": 5e-5}
NESTED = PLAIN | {"matryoshka": {"dims": [384, 128, SHORT]}}


def short_vectors(seeds: Sequence[int]) -> Iterator[Comparison]:
    """Of each set two: at 64 numbers, which is promised to be better; at all 384, which shows what it costs."""
    for real in (TLDR, BANKING):
        yield from _of_set(real, seeds)


def _of_set(real: RealSet, seeds: Sequence[int]) -> Iterator[Comparison]:
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(Path(folder), real.taken(), real.data("rows.jsonl"))
    plain, nested = (_values(prepared, recipe, seeds) for recipe in (PLAIN, NESTED))
    groups = plain[0][1]
    for at, numbers in enumerate((SHORT, 384)):
        without, with_it = (np.stack([values[at] for values, _ in found]) for found in (plain, nested))
        yield Comparison.of(
            f"{real.name}, {numbers} numbers a vector",
            "ndcg@10",
            without,
            with_it,
            difference(with_it, without, groups),
            at_least=0.0 if numbers == SHORT else None,
        )


def _values(prepared: Prepared, recipe: dict[str, Any], seeds: Sequence[int]) -> list[tuple[list[np.ndarray], np.ndarray]]:
    """Of each seed: ndcg@10 of each query with short vectors and with whole ones, and the queries' groups."""
    found = []
    for seed in seeds:
        model = train(prepared.records, recipe, seed)
        whole = score(model, prepared.exam)
        model.truncate_dim = SHORT
        found.append(([score(model, prepared.exam).values, whole.values], whole.groups))
    return found
