"""The candidate beside the model that it would replace, on the metric that it was judged by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import NotFound
from embtune_api.metrics import measure_of, of_quality, on_the_whole, split_metric, suite_of
from embtune_operator.judge.goodness import gained, is_of_pairs
from embtune_operator.judge.measure import CONFIDENCE, measure
from embtune_operator.judge.power import detectable
from embtune_operator.judge.scores import kept_scores
from embtune_operator.registry.versions import read_manifest
from embtune_operator.view.score_table import headline_metrics

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from embtune_api.keys import ExamKeys, LineKeys, ResultKeys
    from embtune_operator.judge.bootstrap import Bounds
    from embtune_operator.judge.scores import Scores
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store

_USUAL = ("ndcg", "spearman", "ap")


@dataclass(frozen=True)
class Duel:
    """Both on the same queries, or pairs: those that both could be scored on."""

    metric: str
    """With its suite: `test/ndcg@10`."""
    rival: str
    """`production v1`, or `the base`."""
    candidate_scores: Scores
    rival_scores: Scores
    places: NDArray[np.int64]
    """(queries,): where each stands in the exam's order."""
    score: Bounds
    """Of the candidate."""
    rival_score: Bounds
    difference: Bounds
    """How much more the candidate has; one-sided 95 % bounds."""
    detects: float
    """The smallest difference that this exam finds in 80 of 100 cases."""
    exam: ExamKeys
    candidate_results: ResultKeys
    rival_results: ResultKeys

    @property
    def short_metric(self) -> str:
        return split_metric(self.metric)[1]

    @property
    def of_pairs(self) -> bool:
        """Texts are compared with each other, not searched."""
        return is_of_pairs(self.metric)

    @property
    def gained(self) -> NDArray[np.float64]:
        """(queries,): how much better each is with the candidate."""
        return gained(self.metric, self.rival_scores, self.candidate_scores)


def find_duel(store: Store, line: LineKeys, version: Version) -> Duel | None:
    """None where the scores of one of them have been deleted, or bounds have no meaning."""
    evaluation = version.evaluation
    metric = _judged_by(version)
    champion = evaluation.champion_version
    digest = (
        read_manifest(store, line, champion).model_digest
        if champion is not None
        else version.metadata.lineage.get("base", {}).get("digest")
    )
    if metric is None or digest is None or digest == evaluation.model_digest:
        return None
    asked = evaluation.asked_by(suite_of(metric))
    if asked is None:
        return None
    exam = line.exam(asked.exam)
    results = [exam.results(found, asked.digest) for found in (evaluation.model_digest, digest)]
    try:
        candidate, rival = (kept_scores(store, keys) for keys in results)
    except NotFound:
        return None
    name = f"production v{champion}" if champion is not None else "the base"
    return _duel(metric, name, candidate, rival, asked.dropped, exam, results)


def _duel(
    metric: str, name: str, candidate: Scores, rival: Scores, dropped: list[int], exam: ExamKeys, results: list[ResultKeys]
) -> Duel | None:
    import numpy as np

    if len(candidate.groups) != len(rival.groups) or metric not in candidate.metrics or metric not in rival.metrics:
        return None
    kept = candidate.answerable & rival.answerable
    kept[dropped] = False
    one, other = candidate.only(kept), rival.only(kept)
    groups = len(np.unique(one.groups))
    if groups < 2:
        return None
    measured = measure([metric], [one, other])[metric]
    if not measured.is_defined:
        return None
    error = float((measured.draws[:, 0] - measured.draws[:, 1]).std())
    return Duel(
        metric=metric,
        rival=name,
        candidate_scores=one,
        rival_scores=other,
        places=np.flatnonzero(kept),
        score=measured.bounds(0, CONFIDENCE),
        rival_score=measured.bounds(1, CONFIDENCE),
        difference=measured.difference(0, 1, CONFIDENCE),
        detects=detectable(error, groups, groups, CONFIDENCE),
        exam=exam,
        candidate_results=results[0],
        rival_results=results[1],
    )


def _judged_by(version: Version) -> str | None:
    """The first gate's metric; without gates the one that people compare models by."""
    known = of_quality(list(version.evaluation.candidate))
    gated = [name for gate in version.evaluation.verdict.gates if (name := on_the_whole(gate.metric)) in known]
    usual = [name for name in headline_metrics(known) if measure_of(name)[0] in _USUAL]
    return next(iter([*gated, *usual, *known]), None)
