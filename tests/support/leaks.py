"""What must not be in training data, found by brute force: a second opinion on `prepare`, which shares no code with it."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

NEAR = 0.8
"""Jaccard similarity of character 4-grams from which on two texts are near-duplicates."""
_AT_ONCE = 1000
"""texts that are compared with all others"""


def same_text(text: str) -> str:
    """What is left of a text when neither form, case, punctuation nor the amount of white space counts."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(character for character in folded if character.isalnum() or character.isspace())
    return " ".join(kept.split()) or folded.strip()


def leaks(trained_on: Sequence[dict[str, Any]], exam: Sequence[dict[str, Any]]) -> list[str]:
    """Every trained row that is an exam query, nearly one, or of an exam query's group; a line of text each.

    Args:
        trained_on: rows of {anchor, positive, group}.
        exam: queries of {text, groups}.
    """
    asked = [same_text(query["text"]) for query in exam]
    answered = [same_text(row["positive"]) for row in trained_on]
    learnt = [same_text(row["anchor"]) for row in trained_on]
    texts, groups = set(asked), {group for query in exam for group in query["groups"]}
    same = [f"the query {row['anchor']!r}" for row, text in zip(trained_on, learnt, strict=True) if text in texts]
    said = [
        f"the query {row['positive']!r}, as an answer" for row, text in zip(trained_on, answered, strict=True) if text in texts
    ]
    grouped = [f"the group {row['group']!r}" for row in trained_on if row["group"] in groups]
    near = [f"{learnt[row]!r} is nearly {asked[query]!r}" for row, query in near_pairs(learnt, asked)]
    return [*same, *said, *grouped, *near]


def near_pairs(ones: Sequence[str], others: Sequence[str] | None = None) -> list[tuple[int, int]]:
    """Pairs of places whose texts have a similarity of at least 0.8, all of them compared; of `ones` with each other
    where there are no `others`."""
    others = ones if others is None else others
    columns: dict[str, int] = {}
    left, right = _grams(ones, columns), _grams(others, columns)
    left.resize(len(ones), len(columns))
    sizes, other_sizes = left.sum(axis=1).A1, right.sum(axis=1).A1
    found: list[tuple[int, int]] = []
    for start in range(0, len(ones), _AT_ONCE):
        shared = (left[start : start + _AT_ONCE] @ right.T).tocoo()
        rows = shared.row + start
        similarity = shared.data / (sizes[rows] + other_sizes[shared.col] - shared.data)
        near = similarity >= NEAR - 1e-12
        found += zip(rows[near].tolist(), shared.col[near].tolist(), strict=True)
    return found


def _grams(texts: Iterable[str], columns: dict[str, int]) -> Any:
    """(texts, grams) 0 or 1; new grams get the next columns."""
    rows = [
        sorted({columns.setdefault(text[at : at + 4], len(columns)) for at in range(max(1, len(text) - 3))}) for text in texts
    ]
    starts = np.cumsum([0, *map(len, rows)])
    flat = np.array([column for row in rows for column in row], dtype=np.int32)
    return csr_matrix((np.ones(len(flat), dtype=np.float32), flat, starts), shape=(len(rows), len(columns)))
