"""Slices of the exam: those that the job asked for, and some that every exam has: long and short queries, with and without a
word of the answer, and so on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES
from embtune_operator.judge.measure import CONFIDENCE, measure
from embtune_operator.judge.slices import Members, measure_slices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


def find_slices(answers: Answers, asked: Sequence[str]) -> list[Slice]:
    """The one that lost most first. A slice that is empty or holds everything is none.

    Args:
        asked: those of the job, such as `lang=de`.
    """
    total = len(answers.candidate)
    every = [*_asked_for(answers, asked), *_everywhere(answers)]
    found = [one for one in every if 0 < int(one.inside.sum()) < total]
    large = [one for one in found if _is_large(answers, one)]
    bounds = _bounds(answers, large)
    slices = [_slice(answers, one, bounds.get(number)) for number, one in enumerate(large)]
    slices += [_slice(answers, one, None) for one in found if one not in large]
    return sorted((made for made in slices if made), key=lambda made: made.change)


def worst(slices: Sequence[Slice]) -> Slice | None:
    """Among those that are large enough to judge, else among all; the one that lost most."""
    judged = [made for made in slices if made.difference]
    return next(iter(judged or slices), None)


def _is_large(answers: Answers, one: Members) -> bool:
    import numpy as np

    groups = answers.duel.candidate_scores.groups[one.inside]
    return len(groups) >= MIN_QUERIES and len(np.unique(groups)) >= MIN_GROUPS


def _bounds(answers: Answers, large: Sequence[Members]) -> dict[int, Bounds]:
    """By number of the slice; none where the metric has no meaning in some draws."""
    duel = answers.duel
    if not large:
        return {}
    measured = measure_slices(duel.metric, (duel.candidate_scores, duel.rival_scores), large)
    return dict(enumerate(measured.bounds(CONFIDENCE))) if measured.is_defined else {}


def _slice(answers: Answers, one: Members, difference: Bounds | None) -> Slice | None:
    import numpy as np

    duel = answers.duel
    scores = [found.only(one.inside) for found in (duel.candidate_scores, duel.rival_scores)]
    values = measure([duel.metric], scores)[duel.metric].values
    if np.isnan(values).any():
        return None
    groups = len(np.unique(scores[0].groups))
    return Slice(
        one.ref if one.name else one.value, len(scores[0].groups), groups, float(values[0]), float(values[1]), difference
    )


def _asked_for(answers: Answers, asked: Sequence[str]) -> Iterator[Members]:
    """By what the exam keeps of each query, or by its length."""
    import numpy as np

    numbers = range(len(answers.candidate))
    for ref in asked:
        name, _, value = ref.partition("=")
        if any(name in kept for kept in answers.slices):
            inside = [value in answers.slices[number].get(name, ()) for number in numbers]
        else:
            inside = [_in_bucket(value, answers.length(number)) for number in numbers]
        yield Members(name, value, np.array(inside, dtype=np.bool_))


def _in_bucket(value: str, characters: int) -> bool:
    """`40-79` or `80+`"""
    low, _, high = value.removesuffix("+").partition("-")
    return low.isdecimal() and int(low) <= characters and (not high or characters <= int(high))


def _everywhere(answers: Answers) -> Iterator[Members]:
    import numpy as np

    numbers = range(len(answers.candidate))
    what = "pairs" if answers.duel.of_pairs else "queries"
    lengths = np.array([answers.length(number) for number in numbers])
    short, long = np.quantile(lengths, [1 / 3, 2 / 3], method="lower")
    yield Members("", f"short {what} (at most {short:.0f} characters)", lengths <= short)
    middle = f"{short + 1:.0f} to {long:.0f}" if long > short + 1 else f"{long:.0f}"
    yield Members("", f"{what} of {middle} characters", (lengths > short) & (lengths <= long))
    yield Members("", f"long {what} (more than {long:.0f} characters)", lengths > long)
    if answers.duel.of_pairs:
        return
    right = [answers.right(number) for number in numbers]
    shares = np.array([_shares_a_word(answers.query(number), right[number]) for number in numbers], dtype=np.bool_)
    yield Members("", "queries that share a word with an answer", shares)
    yield Members("", "queries that share no word with an answer", ~shares)
    several = np.array([len(found) > 1 for found in right], dtype=np.bool_)
    yield Members("", "queries with one right answer", ~several)
    yield Members("", "queries with several right answers", several)


def _shares_a_word(query: str, answers: list[str]) -> bool:
    """Words of three letters and more."""
    words = set(_WORD.findall(query.casefold()))
    return any(not words.isdisjoint(_WORD.findall(answer.casefold())) for answer in answers)
