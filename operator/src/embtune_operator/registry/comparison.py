"""A comparison of two versions on the exam they share, from scores that are kept: no model is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput, NotFound
from embtune_operator.judge.measure import measure
from embtune_operator.judge.scores import Scores, kept_scores

if TYPE_CHECKING:
    from embtune_api.keys import LineKeys
    from embtune_operator.judge.bootstrap import Bounds
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class ComparedMetric:
    metric: str
    first: float
    second: float
    difference: Bounds
    """second - first, paired, with one-sided bounds."""


@dataclass(frozen=True)
class Comparison:
    exam: str
    queries: int
    confidence: float
    metrics: list[ComparedMetric]


def compare(store: Store, line: LineKeys, first: Version, second: Version, confidence: float = 0.95) -> Comparison:
    """Both versions on the same queries, those that either was trained on left out.

    Raises:
        InvalidInput: they were judged on different exams, or share no metric.
        NotFound: the scores of one have been deleted.
    """
    if first.evaluation.exam != second.evaluation.exam:
        raise InvalidInput(
            f"{line.model} v{first.number} and v{second.number} were judged on different exams "
            f"({first.evaluation.exam[:12]}… and {second.evaluation.exam[:12]}…): their scores cannot be compared"
        )
    dropped = sorted({*first.evaluation.dropped_queries, *second.evaluation.dropped_queries})
    one, other = (_scores(store, line, version).without(dropped) for version in (first, second))
    reported = first.evaluation.candidate.keys() & second.evaluation.candidate.keys()
    shared = [name for name in one.metrics if name in other.metrics and name in reported]
    if not shared or len(one.groups) != len(other.groups):
        raise InvalidInput(f"{line.model} v{first.number} and v{second.number} share no metric: judge them with the same suites")
    answerable = one.answerable & other.answerable
    one, other = one.only(answerable), other.only(answerable)
    if not len(one.groups):
        raise InvalidInput(f"{line.model} v{first.number} and v{second.number} have no exam query that both can be scored on")
    metrics = [
        ComparedMetric(name, float(found.values[0]), float(found.values[1]), found.difference(1, 0, confidence))
        for name, found in measure(shared, [one, other]).items()
        if found.is_defined
    ]
    return Comparison(first.evaluation.exam, len(one.groups), confidence, metrics)


def _scores(store: Store, line: LineKeys, version: Version) -> Scores:
    evaluation = version.evaluation
    keys = line.exam(evaluation.exam).results(evaluation.model_digest, evaluation.suites_digest)
    try:
        return kept_scores(store, keys)
    except NotFound as error:
        raise NotFound(
            f"the per-query scores of {line.model} v{version.number} are gone ({keys.scores}): evaluate it again"
        ) from error
