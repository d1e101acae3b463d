"""Slices of the exam that every exam has: long and short queries, with and without a word of the answer, and so on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES
from embtune_operator.judge.measure import measure
from embtune_operator.report.duel import CONFIDENCE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from embtune_operator.judge.bootstrap import Bounds
    from embtune_operator.report.answers import Answers

_WORD = re.compile(r"\w{3,}")


@dataclass(frozen=True)
class Slice:
    """Some of the queries."""

    name: str
    queries: int
    groups: int
    candidate: float
    rival: float
    difference: Bounds | None
    """With bounds that hold for all slices together; None: too few queries to judge by."""

    @property
    def change(self) -> float:
        return self.candidate - self.rival

    @property
    def told(self) -> str:
        """`worse`, `better`, `no difference shown` or `too few to tell`"""
        if self.difference is None:
            return "too few to tell"
        return "worse" if self.difference.upper < 0 else "better" if self.difference.lower > 0 else "no difference shown"


def find_slices(answers: Answers) -> list[Slice]:
    """The one that lost most first. A slice that is empty or holds everything is none."""
    import numpy as np

    total = len(answers.candidate)
    found = [(name, chosen) for name, chosen in _chosen(answers) if 0 < int(chosen.sum()) < total]
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(found))  # Bonferroni: all bounds hold together
    slices = [_slice(answers, name, np.asarray(chosen), confidence) for name, chosen in found]
    return sorted((made for made in slices if made), key=lambda made: made.change)


def worst(slices: Sequence[Slice]) -> Slice | None:
    """Among those that are large enough to judge, else among all; the one that lost most."""
    judged = [made for made in slices if made.difference]
    return next(iter(judged or slices), None)


def _slice(answers: Answers, name: str, chosen: NDArray[np.bool_], confidence: float) -> Slice | None:
    import numpy as np

    duel = answers.duel
    scores = [found.only(chosen) for found in (duel.candidate_scores, duel.rival_scores)]
    groups = len(np.unique(scores[0].groups))
    measured = measure([duel.metric], scores)[duel.metric]
    if np.isnan(measured.values).any():
        return None
    large = int(chosen.sum()) >= MIN_QUERIES and groups >= MIN_GROUPS and measured.is_defined
    difference = measured.difference(0, 1, confidence) if large else None
    return Slice(name, int(chosen.sum()), groups, float(measured.values[0]), float(measured.values[1]), difference)


def _chosen(answers: Answers) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    """Name and (queries,) bool of each slice."""
    import numpy as np

    numbers = range(len(answers.candidate))
    what = "pairs" if answers.duel.of_pairs else "queries"
    lengths = np.array([len(answers.query(number)) for number in numbers])
    short, long = np.quantile(lengths, [1 / 3, 2 / 3], method="lower")
    yield f"short {what} (at most {short:.0f} characters)", lengths <= short
    yield f"{what} of {short + 1:.0f} to {long:.0f} characters", (lengths > short) & (lengths <= long)
    yield f"long {what} (more than {long:.0f} characters)", lengths > long
    if answers.duel.of_pairs:
        return
    right = [answers.right(number) for number in numbers]
    shares = np.array([_shares_a_word(answers.query(number), right[number]) for number in numbers], dtype=np.bool_)
    yield "queries that share a word with an answer", shares
    yield "queries that share no word with an answer", ~shares
    several = np.array([len(found) > 1 for found in right], dtype=np.bool_)
    yield "queries with one right answer", ~several
    yield "queries with several right answers", several


def _shares_a_word(query: str, answers: list[str]) -> bool:
    """Words of three letters and more."""
    words = set(_WORD.findall(query.casefold()))
    return any(not words.isdisjoint(_WORD.findall(answer.casefold())) for answer in answers)
