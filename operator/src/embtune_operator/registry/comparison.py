"""A comparison of two versions on the exam they share, from scores that are kept: no model is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput, NotFound
from embtune_operator.judge.measure import measure
from embtune_operator.judge.scores import Scores, kept_scores

if TYPE_CHECKING:
    from embtune_api.documents import AskedSuite
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
    """Of the first suite."""
    confidence: float
    metrics: list[ComparedMetric]


def compare(store: Store, line: LineKeys, first: Version, second: Version, confidence: float = 0.95) -> Comparison:
    """Both versions by every suite that they share, on the same queries, those that either was trained on left out.

    Raises:
        InvalidInput: they were judged on different exams, or share no metric.
        NotFound: the scores of one have been deleted.
    """
    one, other = first.evaluation, second.evaluation
    names = f"{line.model} v{first.number} and v{second.number}"
    if one.exam != other.exam:
        raise InvalidInput(
            f"{names} were judged on different exams ({one.exam[:12]}… and {other.exam[:12]}…): their scores cannot be compared"
        )
    shared = [(asked, again) for asked in one.suites if (again := other.asked_by(asked.name)) and again.exam == asked.exam]
    compared = [_by_suite(store, line, (first, asked), (second, again), confidence) for asked, again in shared]
    if not any(metrics is not None for _, metrics in compared):
        raise InvalidInput(f"{names} share no metric: judge them with the same suites")
    found = [(queries, metrics) for queries, metrics in compared if queries and metrics is not None]
    if not found:
        raise InvalidInput(f"{names} have no exam query that both can be scored on")
    return Comparison(one.exam, found[0][0], confidence, [metric for _, metrics in found for metric in metrics])


def _by_suite(
    store: Store, line: LineKeys, first: tuple[Version, AskedSuite], second: tuple[Version, AskedSuite], confidence: float
) -> tuple[int, list[ComparedMetric] | None]:
    """Queries that both can be scored on, and the metrics; None: they share none."""
    dropped = sorted({*first[1].dropped, *second[1].dropped})
    one, other = (_scores(store, line, *judged).without(dropped) for judged in (first, second))
    reported = first[0].evaluation.candidate.keys() & second[0].evaluation.candidate.keys()
    shared = [name for name in one.metrics if name in other.metrics and name in reported]
    if not shared or len(one.groups) != len(other.groups):
        return 0, None
    answerable = one.answerable & other.answerable
    one, other = one.only(answerable), other.only(answerable)
    if not len(one.groups):
        return 0, []
    return len(one.groups), [
        ComparedMetric(name, float(found.values[0]), float(found.values[1]), found.difference(1, 0, confidence))
        for name, found in measure(shared, [one, other]).items()
        if found.is_defined
    ]


def _scores(store: Store, line: LineKeys, version: Version, asked: AskedSuite) -> Scores:
    keys = line.exam(asked.exam).results(version.evaluation.model_digest, asked.digest)
    try:
        return kept_scores(store, keys)
    except NotFound as error:
        raise NotFound(
            f"the per-query scores of {line.model} v{version.number} are gone ({keys.scores}): evaluate it again"
        ) from error
