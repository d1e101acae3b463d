"""Suspected label noise: rows whose label the most similar texts of other rows do not share.

Out of fold: a row is judged by the texts of other groups alone, by its nearest neighbours among them. Labels differ in how well
neighbours know them, so each is measured by its own: a row is suspected where some other label has at least the probability that
rows of that label have of theirs on average, and the row's own has not. Northcutt, Jiang, Chuang 2021, "Confident learning:
estimating uncertainty in dataset labels", with neighbours for a classifier; the ranking is that paper's normalised margin over
probabilities from which each label's average is taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embtune_trainer.evaluate.ranking import SCORES_AT_ONCE, top_columns, unit

NEIGHBOURS = 20
TEMPERATURE = 0.2
"""A neighbour whose cosine is this much lower counts 1/e of the nearest. Chosen, as was their number, on banking77 with a
twentieth of its labels exchanged; see docs/checks.md."""
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Suspicion:
    """Of every row, in their order."""

    margins: NDArray[np.float64]
    """(rows,): how much more the neighbours favour the best other label, each by its own standard."""
    others: Labels
    """(rows,): that other label."""
    flagged: NDArray[np.bool_]
    """(rows,): the other label is as probable as it is for its own rows, and the given one is not."""
    neighbours: NDArray[np.int64]
    """(rows, at most 20): nearest first; -1 where there are no more."""

    @property
    def ranked(self) -> NDArray[np.int64]:
        """All rows, the most suspect first; equal ones in their order."""
        return np.argsort(-self.margins, kind="stable")


def suspect(vectors: NDArray[np.float32], labels: Sequence[str], groups: Sequence[str]) -> Suspicion:
    """How far each label is doubted.

    Memory: rows × labels × 8 bytes, and one block of similarities, 64 MB.

    Args:
        vectors: (rows, dim)
        labels: (rows,)
        groups: (rows,): rows of one group say nothing about each other
    """
    given = _numbered(labels)
    neighbours, weights = _neighbours(unit(vectors), _numbered(groups))
    probable = _probabilities(given, neighbours, weights)
    rows = np.arange(len(given))
    usual = np.array([probable[given == label, label].mean() for label in range(probable.shape[1])])
    adjusted = probable - usual
    own = adjusted[rows, given]
    adjusted[rows, given] = -np.inf
    others = adjusted.argmax(axis=1) if adjusted.shape[1] > 1 else given
    best = adjusted[rows, others] if adjusted.shape[1] > 1 else np.full(len(rows), -1.0)
    flagged = (best >= 0) & (own < 0) & (probable[rows, others] > probable[rows, given])
    return Suspicion(best - own, others, flagged, neighbours)


def _numbered(names: Sequence[str]) -> Labels:
    """Equal numbers for equal names, in the order of the names."""
    return np.asarray(np.unique(np.array(names, dtype=object), return_inverse=True)[1], dtype=np.int64)


def _neighbours(vectors: NDArray[np.float32], groups: Labels) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Numbers and weights of each row's nearest rows of other groups: (rows, k) each; -1 and 0 where there are no more."""
    depth = min(NEIGHBOURS, len(vectors))
    found = np.full((len(vectors), depth), -1, dtype=np.int64)
    weights = np.zeros((len(vectors), depth))
    block = max(1, SCORES_AT_ONCE // len(vectors))
    for start in range(0, len(vectors), block):
        part = slice(start, start + block)
        scores = np.round(vectors[part] @ vectors.T, 5)  # the last bits depend on what a text was padded with
        scores[groups[part][:, None] == groups[None, :]] = -np.inf
        top = top_columns(scores, depth)
        similar = np.take_along_axis(scores, top, axis=1).astype(np.float64)
        there = np.isfinite(similar)
        nearest = np.where(there[:, :1], similar[:, :1], 0.0)
        found[part] = np.where(there, top, -1)
        weights[part] = np.where(there, np.exp((np.where(there, similar, 0.0) - nearest) / TEMPERATURE), 0.0)
    return found, weights


def _probabilities(given: Labels, neighbours: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(rows, labels): each label's share of the neighbours' weight; all 0 for a row without neighbours."""
    probable = np.zeros((len(given), int(given.max()) + 1))
    for nth in range(neighbours.shape[1]):
        np.add.at(probable, (np.arange(len(given)), given[neighbours[:, nth]]), weights[:, nth])
    total = probable.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(probable, total, out=probable, where=total > 0), dtype=np.float64)
