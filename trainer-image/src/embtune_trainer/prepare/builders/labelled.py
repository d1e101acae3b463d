"""Labelled texts become pairs of one label, or triplets with a text of another."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from embtune_api.build import Build
from embtune_trainer.prepare.builders.turns import by_chance, take, turn
from embtune_trainer.prepare.rows import Row, by_content


@dataclass(frozen=True)
class InClass:
    """Pairs of texts with one label, and what did not become one."""

    pairs: list[Row]
    possible: int
    """Pairs that could be made, whichever text comes first."""
    alone: list[Row]
    """Texts that no other has the label of."""


def in_class_pairs(rows: list[Row], wanted: Build) -> InClass:
    """In a ring of a label's texts, ordered by chance, each text goes with those that follow it: all are used alike."""
    pairs: list[Row] = []
    alone: list[Row] = []
    possible = 0
    for texts in _by_label(rows).values():
        ring = by_chance(texts, lambda row: row.query, wanted.seed, "pairs")
        pairs += islice(_neighbours(ring, wanted.pairs_per_text), wanted.pairs_per_label)
        possible += len(ring) * (len(ring) - 1) // 2
        if len(ring) == 1:
            alone += ring
    return InClass(pairs, possible, alone)


def with_another_label(pairs: list[Row], texts: list[Row], seed: int) -> tuple[list[Row], list[Row]]:
    """Each pair with a text of another label as its negative; and the pairs for which there is none.

    A text that also stands under the pair's own label is no negative.
    """
    labels: dict[str, set[str | None]] = defaultdict(set)
    for row in texts:
        labels[row.query].add(row.label)
    distinct = {row.query: row for row in by_content(texts)}
    pool = by_chance(distinct.values(), lambda row: row.query, seed, "triplets")
    triplets: list[Row] = []
    without: list[Row] = []
    for pair in pairs:

        def wrong(text: Row, label: str | None = pair.label) -> bool:
            return label not in labels[text.query]

        start = turn(seed, "negative", pair.content) % len(pool)
        if found := take(pool, start, 1, wrong):
            triplets.append(replace(pair, shape="triplets", negatives=(found[0].anchor,)))
        else:
            without.append(pair)
    return triplets, without


def _by_label(rows: list[Row]) -> dict[str | None, list[Row]]:
    """The distinct texts of each label; of equal ones the first by content."""
    found: dict[str | None, dict[str, Row]] = defaultdict(dict)
    for row in by_content(rows):
        found[row.label].setdefault(row.query, row)
    return {label: list(texts.values()) for label, texts in found.items()}


def _neighbours(ring: list[Row], most: int) -> Iterator[Row]:
    """Pairs of each text with the next, then with the one after it, …; no two texts twice."""
    size = len(ring)
    for distance in range(1, min(most, size // 2) + 1):
        for start in range(size // 2 if 2 * distance == size else size):
            first, second = ring[start], ring[(start + distance) % size]
            yield replace(first, shape="pairs", positive=second.anchor)
