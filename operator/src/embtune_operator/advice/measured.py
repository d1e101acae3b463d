"""What a measured base is worth: its score with bounds, what is left to win, and what the exam could tell of that."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from embtune_api.metrics import RANKED_KINDS, split_metric
from embtune_operator.judge.bootstrap import Bounds
from embtune_operator.judge.measure import measure
from embtune_operator.judge.power import detectable, error_of_difference
from embtune_operator.judge.scores import Scores

if TYPE_CHECKING:
    from embtune_api.base_look import BaseLook
    from embtune_api.evaluation import Suite
    from embtune_api.reports import DataReport
    from embtune_operator.advice.forecast import Curve

CONFIDENCE = 0.95
CLOSED = 0.15
"""Share of the headroom that tuning is assumed to win, until a learning curve measures it: all-MiniLM-L6-v2 on tldr, 4,000 pairs,
one epoch: ndcg@10 0.512 to 0.584."""
_JUDGED_BY = "ndcg@10"


@dataclass(frozen=True)
class Measured:
    """A base model on the validation rows."""

    uri: str
    metric: str
    """The one that a job would be judged by: ndcg@10, spearman or ap."""
    score: Bounds
    asked: int
    """Queries or pairs"""
    groups: int
    """Of them."""
    asked_of: int
    passages: int
    first_right: float | None
    """Retrieval: share of the queries whose first result is a right answer."""
    among_ten: float | None
    """Retrieval: share of the queries that have a right answer among the first ten."""
    lexical: Bounds | None
    """BM25 on the same queries."""
    over_lexical: Bounds | None
    """How much more the base has."""
    exam_tells: float
    """The smallest difference that the exam of the job could tell."""
    texts_a_second: float
    """Encoded on this machine."""
    won: Bounds | None = None
    """What tuning on all rows won on these validation rows, where a learning curve has measured it."""

    @property
    def headroom(self) -> float:
        """What is left to win."""
        return 1 - self.score.value

    @property
    def likely(self) -> float:
        """What tuning wins: as a learning curve measured it, else as assumed."""
        return self.won.value if self.won else CLOSED * self.headroom

    @property
    def closed(self) -> float:
        """That, as a share of the headroom; 0 of none."""
        return self.likely / self.headroom if self.headroom > 0 else 0.0

    @property
    def how_known(self) -> str:
        """Where `likely` comes from."""
        return "measured by the learning curve" if self.won else "assumed; --learning-curve measures it"


def judged_by(suite: Suite) -> str:
    """The metric that jobs are judged by: `validation/ndcg@10`."""
    return f"{suite.name}/{_JUDGED_BY}" if suite.kind in RANKED_KINDS else suite.metrics()[0]


def measured(base: BaseLook, report: DataReport) -> Measured | None:
    """None where the validation rows are too few to give bounds: some draws of them have no meaning."""
    import numpy as np

    columns = tuple(base.columns)
    values = np.array([[np.nan if value is None else value for value in row] for row in base.values], dtype=np.float64)
    asked = Scores(columns, values, np.array(base.groups, dtype=np.int64))
    scores = asked.only(asked.answerable)
    metric = judged_by(base.suite)
    of_base = measure([metric], [scores])[metric]
    groups = len(np.unique(scores.groups))
    if not of_base.is_defined or groups < 2:
        return None
    rivals = None
    if base.lexical is not None:
        words = np.array([np.nan if value is None else value for value in base.lexical], dtype=np.float64)
        both = Scores((metric,), words[asked.answerable][:, None], scores.groups)
        rivals = measure([metric], [scores, both])[metric]
    return Measured(
        uri=base.uri,
        metric=split_metric(metric)[1],
        score=of_base.bounds(0, CONFIDENCE),
        asked=len(scores.groups),
        asked_of=base.asked_of,
        passages=base.passages,
        first_right=_mean(scores, f"{base.suite.name}/accuracy@1"),
        among_ten=_mean(scores, f"{base.suite.name}/accuracy@10"),
        lexical=rivals.bounds(1, CONFIDENCE) if rivals else None,
        over_lexical=rivals.difference(0, 1, CONFIDENCE) if rivals else None,
        groups=groups,
        exam_tells=detectable(error_of_difference(float(of_base.draws.std())), groups, max(1, report.exam_groups), CONFIDENCE),
        texts_a_second=base.texts / base.seconds,
    )


def with_curve(base: Measured, curve: Curve, report: DataReport) -> Measured:
    """The same, with measured what was assumed: what tuning wins, and how much that varies."""
    tells = detectable(curve.won_error, base.groups, max(1, report.exam_groups), CONFIDENCE)
    return replace(base, won=curve.won, exam_tells=tells)


def _mean(scores: Scores, metric: str) -> float | None:
    return float(scores.values[:, scores.columns.index(metric)].mean()) if metric in scores.columns else None
