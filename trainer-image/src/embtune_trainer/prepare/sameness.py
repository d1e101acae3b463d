"""When two rows say the same, and when they contradict each other."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from hashlib import blake2b

from embtune_trainer.prepare.rows import Row

FAR_APART = 0.25
"""Of the range of all scores: two people who judge a pair differ by less. Of 0/1 scores, 0 and 1 are far apart."""


def says(row: Row) -> Hashable:
    """Equal for rows that are duplicates: the normalised texts and the label; of scored pairs in either order, and the score."""
    if row.shape == "scored pairs":
        return (*row.unordered, row.score)
    return (row.query, *row.other_texts, row.label)


def says_digest(row: Row) -> bytes:
    """`says` in 16 bytes: a million of them are kept at once."""
    return blake2b(repr(says(row)).encode("utf-8", "backslashreplace"), digest_size=16).digest()


def conflicts(rows: Iterable[Row]) -> set[Hashable]:
    """The `question` of rows that contradict each other: one text under two labels, one pair with scores far apart."""
    labels: dict[Hashable, set[str]] = defaultdict(set)
    scores: dict[Hashable, set[float]] = defaultdict(set)
    for row in rows:
        if row.score is not None:
            scores[row.question].add(row.score)
        elif row.label is not None:
            labels[row.question].add(row.label)
    far = FAR_APART * _spread({score for given in scores.values() for score in given})
    contradicted: set[Hashable] = {question for question, given in labels.items() if len(given) > 1}
    return contradicted | {question for question, given in scores.items() if _spread(given) > far}


def _spread(scores: set[float]) -> float:
    return max(scores) - min(scores) if scores else 0.0
