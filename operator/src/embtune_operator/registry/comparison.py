"""A comparison of models on the same questions: metrics with bounds, what each answers better, what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput, NotFound
from embtune_operator.judge.goodness import gained
from embtune_operator.judge.measure import measure
from embtune_operator.judge.scores import Scores, kept_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.documents.evaluate import AskedSuite
    from embtune_api.keys import LineKeys
    from embtune_operator.judge.bootstrap import Bounds
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class Cost:
    size: int
    """bytes"""
    dimension: int | None = None
    """None: nobody told."""
    texts_a_second: float | None = None
    """Encoded on this machine; None: the model was not loaded."""


@dataclass(frozen=True)
class Contestant:
    """A model, and what it answered."""

    name: str
    scores: Scores
    """In the order of the questions, the same for all contestants."""
    cost: Cost


@dataclass(frozen=True)
class ComparedMetric:
    metric: str
    score: Bounds
    """One-sided bounds."""
    difference: Bounds
    """How much more it has than the first model, paired, with one-sided bounds."""


@dataclass(frozen=True)
class Compared:
    """One model beside the first."""

    name: str
    metrics: list[ComparedMetric]
    better: int
    """Questions that it answers better than the first."""
    alike: int
    worse: int
    cost: Cost


@dataclass(frozen=True)
class Comparison:
    queries: int
    groups: int
    confidence: float
    judged_by: str
    """The metric that better and worse are counted by."""
    models: list[Compared]
    """The first is what the others are compared with."""


def compare(contestants: Sequence[Contestant], confidence: float = 0.95) -> Comparison:
    """All on the same questions: those that all can be scored on.

    Raises:
        InvalidInput: they share no metric or no question.
    """
    import numpy as np

    names = " and ".join(contestant.name for contestant in contestants)
    first = contestants[0].scores
    shared = [name for name in first.metrics if all(name in other.scores.metrics for other in contestants)]
    if not shared or any(len(other.scores.groups) != len(first.groups) for other in contestants):
        raise InvalidInput(f"{names} share no metric: judge them with the same suites")
    answerable = np.logical_and.reduce([contestant.scores.answerable for contestant in contestants])
    scores = [contestant.scores.only(answerable) for contestant in contestants]
    if not len(scores[0].groups):
        raise InvalidInput(f"{names} have no question that all of them can be scored on")
    measured = {name: found for name, found in measure(shared, scores).items() if found.is_defined}
    judged_by = next((name for name in shared if name.partition("/")[2] == "ndcg@10"), shared[0])
    models = []
    for number, contestant in enumerate(contestants):
        gain = gained(judged_by, scores[0], scores[number])
        metrics = [
            ComparedMetric(name, found.bounds(number, confidence), found.difference(number, 0, confidence))
            for name, found in measured.items()
        ]
        counts = (int((gain > 0).sum()), int((gain == 0).sum()), int((gain < 0).sum()))
        models.append(Compared(contestant.name, metrics, *counts, contestant.cost))
    groups = len(np.unique(scores[0].groups))
    return Comparison(len(scores[0].groups), groups, confidence, judged_by, models)


def kept_contestants(store: Store, line: LineKeys, versions: Sequence[Version], suite: str | None = None) -> list[Contestant]:
    """Versions of one line, by the scores that are kept: no model is loaded. Queries that any was trained on are left out.

    Args:
        suite: by its name; None: the first that all of them were asked by.

    Raises:
        InvalidInput: they were judged on different exams, or were not all asked by that suite.
        NotFound: the scores of one have been deleted.
    """
    exams = {version.evaluation.exam for version in versions}
    if len(exams) > 1:
        which = ", ".join(f"v{version.number}: {version.evaluation.exam[:12]}…" for version in versions)
        raise InvalidInput(
            f"these versions of {line.model} were judged on different exams ({which}): kept scores cannot be compared"
        )
    shared = shared_suites(versions)
    if not shared or (suite and suite not in shared):
        there = f"they share {', '.join(shared)}" if shared else "they share none"
        raise InvalidInput(f"these versions of {line.model} were not all asked by the suite {suite or 'of their jobs'}: {there}")
    papers = [(version, _asked(version, suite or shared[0])) for version in versions]
    dropped = sorted({query for _, asked in papers for query in asked.dropped})
    return [
        Contestant(
            f"{line.model}@{version.number}",
            _reported(_scores(store, line, version, asked), version).without(dropped),
            Cost(
                sum(file.size for file in version.manifest.model_files),
                version.metadata.contract.dimension if version.metadata.contract else None,
            ),
        )
        for version, asked in papers
    ]


def shared_suites(versions: Sequence[Version]) -> list[str]:
    """Names of the suites by which all of them were asked the same, in the first one's order."""
    first, *others = versions
    return [
        asked.name
        for asked in first.evaluation.suites
        if all((again := other.evaluation.asked_by(asked.name)) and again.exam == asked.exam for other in others)
    ]


def _asked(version: Version, suite: str) -> AskedSuite:
    asked = version.evaluation.asked_by(suite)
    assert asked is not None, "one of the shared suites"
    return asked


def _reported(scores: Scores, version: Version) -> Scores:
    """Without the columns of queries that no report of the version names."""
    reported = [number for number, name in enumerate(scores.columns) if name in version.evaluation.candidate]
    if scores.metrics != scores.columns or not reported:
        return scores
    return Scores(tuple(scores.columns[number] for number in reported), scores.values[:, reported], scores.groups)


def _scores(store: Store, line: LineKeys, version: Version, asked: AskedSuite) -> Scores:
    keys = line.exam(asked.exam).results(version.evaluation.model_digest, asked.digest)
    try:
        return kept_scores(store, keys)
    except NotFound as error:
        raise NotFound(
            f"the per-query scores of {line.model} v{version.number} are gone ({keys.scores}): measure it again with --measure"
        ) from error
