"""The one score that a list of jobs shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.metrics import RANKED_KINDS, of_quality, split_metric

if TYPE_CHECKING:
    from embtune_api.spec import Recipe
    from embtune_api.status import Metrics

_CUSTOMARY = 10
"""The k of ndcg@k that people compare."""


def score_of(spec: Recipe, metrics: Metrics) -> str | None:
    """`ndcg@10 0.730`: on the first gate on quality; without one on the first suite's ndcg@10, its largest k, or its main one."""
    gated = of_quality([gate.metric for gate in spec.promotion.gates])
    metric = gated[0] if gated else _usual_metric(spec)
    value = metrics.get(metric)
    return None if value is None else f"{split_metric(metric)[1]} {value:.3f}"


def _usual_metric(spec: Recipe) -> str:
    suite = spec.evaluation.suites[0]
    if suite.kind not in RANKED_KINDS:
        return suite.metrics()[0]
    k = _CUSTOMARY if _CUSTOMARY in suite.cutoffs else max(suite.cutoffs)
    return f"{suite.name}/ndcg@{k}"
