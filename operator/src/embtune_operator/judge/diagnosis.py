"""The diagnosis of two models on one exam: what the second does better and worse, and what its losses have in common.

It explains and decides nothing: no bound is on these numbers, and gates never read them. It takes values in which more is better.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from math import log
from statistics import fmean
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

MOVED = 1e-9
"""A change that is no larger is none: rounding."""
ALIKE = 0.8
"""Of the words of two passages so many are shared: they may answer the same query (Jaccard)."""
FEWEST_LOSSES = 3
"""A word in fewer of them says nothing."""
BUCKETS = 4
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Answered:
    """One query of the exam, and what both models made of it."""

    text: str
    group: str
    first: float
    """Its value of one metric, by the first model; more is better."""
    second: float
    relevant: tuple[str, ...] = ()
    """Texts of the passages that are said to answer it."""
    first_top: str = ""
    """The passage that each model put first; empty: nobody knows, or there are no passages."""
    second_top: str = ""

    @property
    def change(self) -> float:
        """Of the second over the first."""
        return self.second - self.first


@dataclass(frozen=True)
class Cluster:
    """Queries with a word that stands in many of the losses and in few of the others."""

    word: str
    queries: int
    """With the word."""
    losses: int
    """Of these."""
    change: float
    """Mean over the queries with the word."""


@dataclass(frozen=True)
class Bucket:
    """Queries that lie between two bounds of some measure of them."""

    low: float
    high: float
    queries: int
    first: float
    """Mean of its values."""
    second: float

    @property
    def change(self) -> float:
        return self.second - self.first


@dataclass(frozen=True)
class Conflict:
    """A loss where the exam may be wrong: what the second model put first nearly repeats what is said to answer the query, or
    is said to answer another query of the same words."""

    answered: Answered
    why: Literal["nearly the answer", "answers the same words"]


@dataclass(frozen=True)
class Diagnosis:
    queries: int
    won: int
    lost: int
    """Queries whose value rose and fell; the others are ties."""
    change: float
    """Mean over all queries."""
    wins: tuple[Answered, ...]
    """The largest changes, the largest first."""
    losses: tuple[Answered, ...]
    clusters: tuple[Cluster, ...]
    """Of the losses, the most telling word first."""
    conflicts: tuple[Conflict, ...]
    """The largest loss first."""
    lengths: tuple[Bucket, ...]
    """By characters of the query, each with about as many queries."""
    overlaps: tuple[Bucket, ...]
    """By the share of the query's words that stand in what answers it, 0 to 1: low values take more than word matching."""

    @property
    def tied(self) -> int:
        return self.queries - self.won - self.lost


def diagnose(answered: Sequence[Answered], most: int = 10) -> Diagnosis:
    """What changed, and for which queries.

    Args:
        answered: without NaN.
        most: wins, losses, clusters and conflicts that are listed.
    """
    by_change = sorted(answered, key=lambda query: (query.change, query.text))
    losses = [query for query in by_change if query.change < -MOVED]
    wins = [query for query in reversed(by_change) if query.change > MOVED]
    told = [query for query in answered if query.relevant]
    return Diagnosis(
        queries=len(answered),
        won=len(wins),
        lost=len(losses),
        change=fmean(query.change for query in answered) if answered else 0.0,
        wins=tuple(wins[:most]),
        losses=tuple(losses[:most]),
        clusters=tuple(_clusters(answered, most)),
        conflicts=tuple(_conflicts(losses, answered)[:most]),
        lengths=tuple(_buckets(answered, lambda query: float(len(query.text)))),
        overlaps=tuple(_buckets(told, lexical_overlap)),
    )


def lexical_overlap(query: Answered) -> float:
    """Share of the query's words that stand in a passage that answers it; of several passages the one that shares most."""
    words = _words(query.text)
    return max((len(words & _words(text)) / max(1, len(words)) for text in query.relevant), default=0.0)


def _clusters(answered: Sequence[Answered], most: int) -> list[Cluster]:
    """Words by how much more often they stand in losses than chance has it: G² of the log-likelihood ratio test (T. Dunning,
    Accurate Methods for the Statistics of Surprise and Coincidence, 1993).
    """
    queries: dict[str, list[Answered]] = defaultdict(list)
    for query in answered:
        for word in _words(query.text):
            queries[word].append(query)
    lost = Counter(word for query in answered if query.change < -MOVED for word in _words(query.text))
    share = sum(query.change < -MOVED for query in answered) / max(1, len(answered))
    telling = {
        word: _surprise(lost[word], len(having), share)
        for word, having in queries.items()
        if lost[word] >= FEWEST_LOSSES and lost[word] > share * len(having)
    }
    first = sorted(telling, key=lambda word: (-telling[word], word))[:most]
    return [Cluster(word, len(queries[word]), lost[word], fmean(q.change for q in queries[word])) for word in first]


def _surprise(hits: int, tries: int, share: float) -> float:
    """Of so many hits where a `share` of the tries is expected."""
    parts = ((hits, share * tries), (tries - hits, (1 - share) * tries))
    return 2 * sum(seen * log(seen / expected) for seen, expected in parts if seen and expected)


def _conflicts(losses: Iterable[Answered], answered: Iterable[Answered]) -> list[Conflict]:
    same_words: dict[frozenset[str], set[str]] = defaultdict(set)
    for query in answered:
        same_words[_words(query.text)].update(query.relevant)
    found: list[Conflict] = []
    for query in losses:
        if not query.second_top or query.second_top in query.relevant:
            continue
        if any(_alike(query.second_top, text) >= ALIKE for text in query.relevant):
            found.append(Conflict(query, "nearly the answer"))
        elif query.second_top in same_words[_words(query.text)]:
            found.append(Conflict(query, "answers the same words"))
    return found


def _buckets(answered: Sequence[Answered], measure: Callable[[Answered], float]) -> list[Bucket]:
    """Equal values stay together, so buckets may differ in size, or be fewer."""
    measured = sorted(((measure(query), query) for query in answered), key=lambda pair: pair[0])
    buckets: list[list[tuple[float, Answered]]] = []
    for number, pair in enumerate(measured):
        due = number * BUCKETS // len(measured) >= len(buckets)
        if not buckets or (due and pair[0] != buckets[-1][-1][0]):
            buckets.append([])
        buckets[-1].append(pair)
    return [
        Bucket(
            low=bucket[0][0],
            high=bucket[-1][0],
            queries=len(bucket),
            first=fmean(query.first for _, query in bucket),
            second=fmean(query.second for _, query in bucket),
        )
        for bucket in buckets
    ]


def _alike(one: str, other: str) -> float:
    first, second = _words(one), _words(other)
    return len(first & second) / max(1, len(first | second))


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.casefold()))
