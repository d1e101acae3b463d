"""Names of metrics: `<suite>/<metric>@<k>`, such as `test/ndcg@10`, or `<suite>/<metric>`, such as `test/spearman`; on a slice
`<suite>[<column>=<value>]/<metric>`.
"""

import re
from typing import Literal, get_args

SuiteKind = Literal["Retrieval", "SemanticSimilarity", "PairClassification"]
RetrievalMetric = Literal["accuracy", "precision", "recall", "mrr", "ndcg", "map"]
PairMetric = Literal["spearman", "pearson", "ap", "f1"]
RETRIEVAL_METRICS: tuple[RetrievalMetric, ...] = get_args(RetrievalMetric)
PAIR_METRICS: dict[SuiteKind, tuple[PairMetric, ...]] = {
    "SemanticSimilarity": ("spearman", "pearson"),
    "PairClassification": ("ap", "f1"),
}
"""Statistics of all pairs together; the ones above are means over queries."""
MEASURES: tuple[str, ...] = (*RETRIEVAL_METRICS, *get_args(PairMetric))
"""In the order in which the field reports them."""
SUITE_KINDS: tuple[SuiteKind, ...] = get_args(SuiteKind)
_PAIR = "|".join(get_args(PairMetric))
METRIC_PATTERN = rf"^[a-z0-9]([-a-z0-9]*[a-z0-9])?/([a-z]+@[1-9][0-9]{{0,3}}|{_PAIR})$"


def suite_metrics(suite: str, kind: SuiteKind, cutoffs: tuple[int, ...]) -> tuple[str, ...]:
    """Full names of the metrics that a suite yields, in the order they are reported."""
    if kind == "Retrieval":
        return tuple(f"{suite}/{metric}@{k}" for metric in RETRIEVAL_METRICS for k in cutoffs)
    return tuple(f"{suite}/{metric}" for metric in PAIR_METRICS[kind])


def pair_columns(suite: str) -> tuple[str, str]:
    """What is kept of each pair, and all metrics of pairs are computed from: the model's similarity, and the exam's score."""
    return f"{suite}/similarity", f"{suite}/score"


def split_metric(name: str) -> tuple[str, str]:
    """`test/ndcg@10` → (`test`, `ndcg@10`).

    Raises:
        ValueError: when the name does not have that form.
    """
    if not re.match(METRIC_PATTERN, name):
        raise ValueError(f"{name!r} is not a metric name such as test/ndcg@10 or test/spearman")
    suite, _, metric = name.partition("/")
    return suite, metric


def measure_of(name: str) -> tuple[str, int | None]:
    """`test/ndcg@10` → (`ndcg`, 10); `test/spearman` → (`spearman`, None)."""
    measure, _, cutoff = split_metric(name)[1].partition("@")
    return measure, int(cutoff) if cutoff else None


def on_slice(name: str, ref: str | None) -> str:
    """`test/ndcg@10` and `lang=de` → `test[lang=de]/ndcg@10`; None: the whole exam."""
    suite, metric = split_metric(name)
    return f"{suite}[{ref}]/{metric}" if ref else name


def on_the_whole(name: str) -> str:
    """`test[lang=de]/ndcg@10` → `test/ndcg@10`."""
    return re.sub(r"\[.*\]/", "/", name)
