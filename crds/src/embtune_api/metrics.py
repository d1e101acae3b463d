"""Names of metrics: `<suite>/<metric>@<k>`, such as `test/ndcg@10`."""

import re
from typing import Literal, get_args

RetrievalMetric = Literal["accuracy", "precision", "recall", "mrr", "ndcg", "map"]
RETRIEVAL_METRICS: tuple[RetrievalMetric, ...] = get_args(RetrievalMetric)
METRIC_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/[a-z]+@[1-9][0-9]{0,3}$"


def retrieval_metrics(suite: str, cutoffs: tuple[int, ...]) -> tuple[str, ...]:
    """Full names of the metrics that a Retrieval suite yields, in the order they are reported."""
    return tuple(f"{suite}/{metric}@{k}" for metric in RETRIEVAL_METRICS for k in cutoffs)


def split_metric(name: str) -> tuple[str, str]:
    """`test/ndcg@10` → (`test`, `ndcg@10`).

    Raises:
        ValueError: when the name does not have that form.
    """
    if not re.match(METRIC_PATTERN, name):
        raise ValueError(f"{name!r} is not a metric name such as test/ndcg@10")
    suite, _, metric = name.partition("/")
    return suite, metric
