"""The ranking of a job's candidates, by what each answered to the same validation rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from embtune_api.metrics import split_metric
from embtune_api.ranking import Ranked, Ranking
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES
from embtune_operator.judge.measure import CONFIDENCE, measure
from embtune_operator.judge.scores import Scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from embtune_api.documents.train import Trial
    from embtune_operator.judge.measure import Measured


@dataclass(frozen=True)
class Entrant:
    """A candidate that was trained and asked."""

    name: str
    trial: Trial
    scores: Scores
    """In the order of the questions, the same for all entrants."""


def rank(entrants: Sequence[Entrant]) -> Ranking:
    """The best first; of equal ones the smaller, then the one that the job names first.

    - the one with the best score is picked
    - but where the bounds of the paired difference do not tell it from smaller ones, the smallest of these is
    - fewer than 50 questions or 20 groups tell nobody from anybody: there the best score is picked, whatever the size
    - what has no meaning counts as 0: nothing can be said of vectors that are all alike

    Args:
        entrants: at least one.
    """
    import numpy as np

    metric = entrants[0].trial.metric
    known = np.logical_or.reduce([entrant.scores.answerable for entrant in entrants])
    measured = _measured(metric, [entrant.scores.only(known) for entrant in entrants])
    values = measured.values.tolist()
    order = sorted(range(len(entrants)), key=lambda n: (-values[n], entrants[n].trial.parameters, n))
    ranked = [_ranked(entrants[n], measured, n, order[0]) for n in order]
    groups = entrants[0].scores.groups[known]
    questions, count = len(groups), len(np.unique(groups))
    settles = questions >= MIN_QUERIES and count >= MIN_GROUPS
    picked = _smallest_of_equals(ranked) if settles else ranked[0]
    reason: Literal["Best", "Smaller", "OnlyOne"] = (
        "OnlyOne" if len(ranked) == 1 else "Best" if picked == ranked[0] else "Smaller"
    )
    line = _line(metric, ranked, picked, questions)
    few = f"; fewer than {MIN_QUERIES} questions in {MIN_GROUPS} groups settle nothing" if not settles else ""
    return Ranking(
        metric=metric,
        questions=questions,
        groups=count,
        confidence=CONFIDENCE,
        picked=picked.name,
        reason=reason,
        line=line + few,
        candidates=ranked,
    )


def _measured(metric: str, scores: Sequence[Scores]) -> Measured:
    """On questions that anybody can be scored on; what is not a number is 0."""
    import numpy as np

    found = measure([metric], [Scores(one.columns, np.nan_to_num(one.values), one.groups) for one in scores])[metric]
    return replace(found, values=np.nan_to_num(found.values), draws=np.nan_to_num(found.draws))


def _ranked(entrant: Entrant, measured: Measured, number: int, best: int) -> Ranked:
    score, behind = measured.bounds(number, CONFIDENCE), measured.difference(best, number, CONFIDENCE)
    trial = entrant.trial
    return Ranked(
        name=entrant.name,
        score=score.value,
        lower=score.lower,
        upper=score.upper,
        behind=behind.value,
        behind_lower=behind.lower,
        behind_upper=behind.upper,
        parameters=trial.parameters,
        dimension=trial.dimension,
        size=trial.size,
        texts_a_second=trial.texts_a_second,
    )


def _is_told_apart(one: Ranked) -> bool:
    """From the best."""
    return one.behind_lower > 0


def _smallest_of_equals(ranked: Sequence[Ranked]) -> Ranked:
    """Of equally small ones the better."""
    return min((one for one in ranked if not _is_told_apart(one)), key=lambda one: one.parameters)


def _line(metric: str, ranked: Sequence[Ranked], picked: Ranked, questions: int) -> str:
    """`small is picked: ndcg@10 0.612 (0.590 to 0.633) on 500 validation questions; …`"""
    name, best = split_metric(metric)[1], ranked[0]
    told = (
        f"{picked.name} is picked: {name} {picked.score:.3f} ({picked.lower:.3f} to {picked.upper:.3f}) on {questions:,} "
        f"validation questions"
    )
    if len(ranked) == 1:
        return f"{told}; no other candidate was trained"
    if picked != best:
        return (
            f"{told}; {best.name} has {picked.behind:.3f} more, {_bound(picked)}, which does not tell them apart, and "
            f"{best.parameters / max(1, picked.parameters):.1f} times the parameters"
        )
    second = ranked[1]
    told_apart = "" if _is_told_apart(second) else ", which does not tell them apart"
    return f"{told}, {second.behind:.3f} more than {second.name}, {_bound(second)}{told_apart}"


def _bound(one: Ranked) -> str:
    return f"{CONFIDENCE * 100:g} % bound {one.behind_lower:+.3f}"
