"""Rows to train on that nearly repeat another: the same label and score, and every text nearly the other's, in its place.

Of rows that are nearly the same the first by content stays: a row is found when there is an earlier one, in the order of their
content, that it nearly repeats. So the order of the source decides nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from embtune_api.checks import CheckAction
from embtune_api.reports import Finding
from embtune_trainer.prepare.findings import Hit, counted, settle
from embtune_trainer.prepare.near import NearDuplicates, similar
from embtune_trainer.prepare.near.marks import Marks
from embtune_trainer.prepare.near.ranges import Numbers, parts, ranges
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.prepare.rows import Row, by_content
from embtune_trainer.prepare.telling import TOLD_EVERY, Tell, untold

SETTING = "data.checks.nearDuplicates"
_OFTEN = 100
"""times that a row's query stands in other rows, on average: then rows are looked for by their answers"""


def drop_near_repeats(rows: list[Row], action: CheckAction, tell: Tell = untold) -> tuple[list[Row], list[Finding]]:
    """The rows that may be trained on, and what was found.

    Raises:
        InvalidInput: when the action is Fail and a row nearly repeats another.
    """
    if action == "Ignore" or not rows:
        return rows, []
    ordered = by_content(rows)
    earlier = _earlier(ordered, tell)
    repeats = sorted(earlier)
    hits = [Hit(ordered[row].where, f"{ordered[row].anchor} ≈ {ordered[earlier[row]].where}") for row in repeats]
    stay = len({_first(row, earlier) for row in repeats})
    message = f"nearly repeat the texts of another row: {counted(stay)} would do for all of them"
    found = settle("near-duplicates", hits, action, message, SETTING)
    gone = {id(ordered[row]) for row in repeats}
    return ([row for row in rows if id(row) not in gone] if action == "Fix" else rows), found


def _earlier(rows: list[Row], tell: Tell) -> dict[int, int]:
    """Of each row that nearly repeats an earlier one the place of such a one."""
    kinds = _numbered([(row.shape, row.label, row.score, len(row.negatives)) for row in rows])
    others = Marks.together([Marks.of([normalise(row.positive) for row in part]) for part in _slices(rows)])
    found: dict[int, int] = {}
    gone = np.zeros(len(rows), dtype=np.bool_)
    for first, second in _alike(rows, tell):
        fits = np.flatnonzero((kinds[first] == kinds[second]) & ~gone[second])
        fits = fits[others.may_be_similar(first[fits], second[fits])]
        for one, other in zip(first[fits].tolist(), second[fits].tolist(), strict=True):
            if not gone[other] and _nearly_the_same(rows[one], rows[other]):
                found[other] = one
                gone[other] = True
    return found


def _alike(rows: list[Row], tell: Tell) -> Iterator[tuple[Numbers, Numbers]]:
    """(pairs,) each: an earlier and a later row that have nearly the same text on one side."""
    text = _text_to_look_by(rows)

    def counting(done: int, of: int) -> None:
        tell(0.3 * done / of, f"counting what the rows to train on have in common: {done} of {of} texts")

    index = NearDuplicates(map(text, rows), counting)
    place = {known: number for number, known in enumerate(index.texts)}
    text_of = np.fromiter((place[text(row)] for row in rows), dtype=np.int64, count=len(rows))
    by_text = np.argsort(text_of, kind="stable")
    counts = np.bincount(text_of, minlength=len(index.texts))
    starts = np.cumsum(counts) - counts

    def report(done: int, of: int) -> None:
        tell(0.3 + 0.7 * done / of, f"comparing the rows to train on with each other: {done} of {of} texts")

    several = np.flatnonzero(counts > 1)
    of_text = _RowsOf(by_text, starts, counts)
    yield from of_text.beside(several, several)
    for pairs in index.own_pairs(report):
        yield from of_text.beside(pairs.looked_for, pairs.found)


@dataclass(frozen=True)
class _RowsOf:
    """The rows that have each text."""

    rows: NDArray[np.intp]
    """By text."""
    starts: Numbers
    """(texts,): where its rows begin."""
    counts: Numbers
    """(texts,)"""

    def beside(self, ones: Numbers, others: Numbers) -> Iterator[tuple[Numbers, Numbers]]:
        """Of these pairs of texts each row of the one beside all rows of the other, the earlier row first."""
        for part in parts(self.counts[ones]):
            mine = self._rows(ones[part])
            theirs = np.repeat(others[part], self.counts[ones[part]])
            for smaller in parts(self.counts[theirs]):
                one = np.repeat(mine[smaller], self.counts[theirs[smaller]])
                other = self._rows(theirs[smaller])
                different = one != other
                yield np.minimum(one, other)[different], np.maximum(one, other)[different]

    def _rows(self, texts: Numbers) -> Numbers:
        return np.asarray(self.rows[ranges(self.starts[texts], self.counts[texts])], dtype=np.int64)


def _text_to_look_by(rows: list[Row]) -> Callable[[Row], str]:
    """The query, which is short; unless few queries stand in so many rows that all of these would be compared."""

    def compared(texts: Iterator[str]) -> int:
        return sum(count * count for count in Counter(texts).values())

    by_query = compared(row.query for row in rows)
    if by_query <= _OFTEN * len(rows) or by_query <= compared(row.answer for row in rows):
        return lambda row: row.query
    return lambda row: row.answer


def _nearly_the_same(one: Row, other: Row) -> bool:
    texts, others = (one.query, *one.other_texts), (other.query, *other.other_texts)
    return all(similar(mine, theirs) for mine, theirs in zip(texts, others, strict=True))


def _first(row: int, earlier: dict[int, int]) -> int:
    while row in earlier:
        row = earlier[row]
    return row


def _numbered(values: list[tuple[object, ...]]) -> Numbers:
    """Equal numbers for equal values."""
    numbers: dict[tuple[object, ...], int] = {}
    return np.fromiter((numbers.setdefault(value, len(numbers)) for value in values), dtype=np.int64, count=len(values))


def _slices(rows: list[Row]) -> Iterator[list[Row]]:
    for start, end in pairwise([*range(0, len(rows), TOLD_EVERY), len(rows)]):
        yield rows[start:end]
