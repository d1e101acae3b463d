"""Duplicates and leaks counted by comparing everything with everything, from the words of docs/checks.md alone.

A second opinion on `prepare`: it shares no code with it.
"""

import string
import unicodedata
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from support.leaks import near_pairs


def normal(text: str) -> str:
    """NFKC, case folded, punctuation and invisible characters dropped, white space collapsed."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    kept = [letter for letter in folded if letter not in string.punctuation]
    kept = [letter for letter in kept if unicodedata.category(letter)[0] != "P" and unicodedata.category(letter) != "Cf"]
    return " ".join("".join(kept).split()) or " ".join(folded.split())


@dataclass(frozen=True)
class Said:
    """A row: its query side, and the rest of it."""

    query: str
    answer: str = ""
    label: str = ""
    group: str = ""


@dataclass(frozen=True)
class Exam:
    """What must stay unseen."""

    queries: Sequence[str]
    pairs: Iterable[tuple[str, str]] = field(default_factory=list)
    groups: Collection[str] = field(default_factory=list)


Kind = tuple[str, str, str]


def kind(row: Said) -> Kind:
    """Equal for rows that are duplicates."""
    return normal(row.query), normal(row.answer), row.label


def repeated(rows: Sequence[Said]) -> int:
    """Rows beyond the first of each kind."""
    return sum(count - 1 for count in Counter(map(kind, rows)).values())


def distinct(rows: Sequence[tuple[Said, str]]) -> list[tuple[Said, str]]:
    """The first of each kind, with whatever it comes with."""
    kinds: dict[Kind, tuple[Said, str]] = {}
    for row, beside in rows:
        kinds.setdefault(kind(row), (row, beside))
    return list(kinds.values())


def nearly_repeated(rows: Sequence[Said]) -> set[tuple[int, int]]:
    """Pairs of rows, the smaller place first, whose label is the same and whose texts are nearly so, each."""
    asked, told = [normal(row.query) for row in rows], [normal(row.answer) for row in rows]
    answers = sorted(set(told))
    alike = {(answers[one], answers[other]) for one, other in near_pairs(answers)}
    return {
        (one, other)
        for one, other in near_pairs(asked)
        if one < other and rows[one].label == rows[other].label and (told[one], told[other]) in alike
    }


def tiers(rows: Sequence[Said], exam: Exam) -> list[str | None]:
    """The first tier of leakage that each row falls into."""
    queries = [normal(query) for query in exam.queries]
    unseen = {query.replace(" ", "") for query in queries}
    pairs = {tuple(normal(text).replace(" ", "") for text in pair) for pair in exam.pairs}
    asked, told = [normal(row.query) for row in rows], [normal(row.answer) for row in rows]
    nearly = {row for row, _ in near_pairs(asked, queries)}
    nearly_told = {row for row, _ in near_pairs(told, queries)}

    def tier(place: int, row: Said) -> str | None:
        query, answer = asked[place].replace(" ", ""), told[place].replace(" ", "")
        if (query, answer) in pairs or (answer, query) in pairs:
            return "same-pair"
        if query in unseen:
            return "same-query"
        if place in nearly:
            return "near-duplicate"
        if answer and (answer in unseen or place in nearly_told):
            return "answer"
        return "group" if row.group in exam.groups else None

    return [tier(place, row) for place, row in enumerate(rows)]
