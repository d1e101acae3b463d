"""Which of the nearest texts become negatives of a row: the rules of `data.mine`, each counted."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from embtune_api.mine import Margin, Mine
from embtune_api.mining_report import Rule
from embtune_trainer.prepare.builders.turns import turn
from embtune_trainer.prepare.mining.search import Nearest
from embtune_trainer.prepare.rows import Row

Scored = Callable[[list[tuple[str, str]]], NDArray[np.float32]]
"""(anchor, text) pairs to scores (pairs,) float32, 0 to 1."""


@dataclass(frozen=True)
class Shortlist:
    """What a row's negatives are taken from, in order."""

    row: Row
    positive_similarity: float
    candidates: NDArray[np.int32]
    """(some,)"""
    similarities: NDArray[np.float32]
    """(some,)"""


@dataclass
class Tally:
    """Candidates by the first rule that they broke."""

    dropped: Counter[Rule] = field(default_factory=Counter)
    read: int = 0
    """By the cross-encoder."""


def shortlist(row: Row, positive: float, near: Nearest, texts: list[str], mine: Mine, tally: Tally) -> Shortlist:
    """The candidates that keep the rules, in the order in which they are taken: all where a cross-encoder is going to read
    them, else as many as are wanted.

    Args:
        positive: similarity of the row's anchor and positive
        texts: of the candidates
    """
    scores = near.similarities
    rules: tuple[tuple[Rule, NDArray[np.bool_]], ...] = (
        ("range", np.arange(len(scores)) >= mine.range.min),
        ("margin", scores <= _highest(positive, mine.margin)),
        ("maxScore", scores <= (1.0 if mine.max_score is None else mine.max_score) + _ROUNDING),
        ("minScore", scores >= (-1.0 if mine.min_score is None else mine.min_score) - _ROUNDING),
    )
    kept = np.ones(len(scores), dtype=np.bool_)
    for rule, keeps in rules:
        tally.dropped[rule] += int((kept & ~keeps).sum())
        kept &= keeps
    has = set(row.negatives)
    order = [int(place) for place in np.flatnonzero(kept) if texts[near.candidates[place]] not in has]
    if mine.sampling == "Random":
        order.sort(key=lambda place: turn(mine.seed, "mine", f"{row.content}\0{texts[near.candidates[place]]}"))
    if mine.cross_encoder is None:
        order = order[: mine.per_query]
    return Shortlist(row, positive, near.candidates[order].astype(np.int32), scores[order])


def read_by(score: Scored, shortlists: list[Shortlist], texts: list[str], mine: Mine, tally: Tally) -> list[Shortlist]:
    """The first of each that a cross-encoder does not take for answers, as many as are wanted. It reads no more than it
    must: of each row so many as are still wanted, then of the rows that lack some the next ones."""
    assert mine.cross_encoder is not None
    accepted: list[list[int]] = [[] for _ in shortlists]
    following = [0] * len(shortlists)
    while True:
        turns = [
            (number, place)
            for number, short in enumerate(shortlists)
            for place in range(
                following[number],
                min(following[number] + mine.per_query - len(accepted[number]), len(short.candidates)),
            )
        ]
        if not turns:
            break
        pairs = [(shortlists[number].row.anchor, texts[shortlists[number].candidates[place]]) for number, place in turns]
        for (number, place), value in zip(turns, score(pairs), strict=True):
            following[number] = place + 1
            tally.read += 1
            if value > mine.cross_encoder.max_score:
                tally.dropped["crossEncoder"] += 1
            else:
                accepted[number].append(place)
    return [
        Shortlist(short.row, short.positive_similarity, short.candidates[places], short.similarities[places])
        for short, places in zip(shortlists, accepted, strict=True)
    ]


_ROUNDING = 1e-6


def _highest(positive: float, margin: Margin) -> float:
    """The similarity that a negative may have at most."""
    highest = np.inf
    if margin.absolute is not None:
        highest = positive - margin.absolute
    if margin.relative is not None:
        highest = min(highest, positive - abs(positive) * margin.relative)
    return float(highest) + _ROUNDING
