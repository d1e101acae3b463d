"""When a training ends before its last step: `spec.training.earlyStopping`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from embtune_api.base import Resource
from embtune_api.losses import Prepared

PairScore = Literal["spearman", "pearson", "ap", "f1"]
ValidationMetric = Literal["ndcg@10", "mrr@10", "recall@10", "map@10", "accuracy@1", PairScore, "loss"]
OF_PAIRS = frozenset({"spearman", "pearson", "ap", "f1"})
"""Metrics of scored pairs; the others, but for `loss`, are of texts that are asked for passages."""
OF_JUDGED = frozenset({"ap", "f1"})
"""Of these, those that need scores of 0 and 1."""


def usual_metric(shape: Prepared) -> ValidationMetric:
    """What validation rows of a shape are judged by, where the job names nothing else."""
    return "spearman" if shape == "scored pairs" else "ap" if shape == "0/1 pairs" else "ndcg@10"


class EarlyStopping(Resource):
    """The training ends when the validation rows have not been answered better for a while."""

    metric: ValidationMetric | None = None
    """Of the validation rows. Default: ndcg@10; of scored pairs spearman, and ap where their scores are 0 and 1."""
    patience: Annotated[int, Field(ge=1, le=1000)] = 3
    """Looks at the validation rows in a row, of which none is better than the best before."""
    min_delta: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Better is whatever is better by more than this."""
