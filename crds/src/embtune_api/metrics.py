"""Names of metrics: `<suite>/<metric>@<k>`, such as `test/ndcg@10`, or `<suite>/<metric>`, such as `test/spearman`; on a slice
`<suite>[<column>=<value>]/<metric>`. A suite whose vectors were made smaller is `<suite>@<how>`, such as `test@64-int8/ndcg@10`.
What a model costs is of the suite `cost`: `cost/model-mb`.
"""

import re
from collections.abc import Collection, Sequence
from typing import Literal, cast, get_args

from embtune_api.cost import COST_NAMES, is_cost

SuiteKind = Literal["Retrieval", "SemanticSimilarity", "PairClassification", "Triplet", "Classification", "Reranking", "Bitext"]
RetrievalMetric = Literal["accuracy", "precision", "recall", "mrr", "ndcg", "map"]
PairMetric = Literal["spearman", "pearson", "ap", "f1"]
StatisticName = Literal[PairMetric, "macro-f1"]
RETRIEVAL_METRICS: tuple[RetrievalMetric, ...] = get_args(RetrievalMetric)
RANKED_KINDS: tuple[SuiteKind, ...] = ("Retrieval", "Reranking")
"""Their metrics have a cutoff, and are means over queries."""
PAIR_METRICS: dict[SuiteKind, tuple[PairMetric, ...]] = {
    "SemanticSimilarity": ("spearman", "pearson"),
    "PairClassification": ("ap", "f1"),
}
"""Statistics of all pairs together."""
PLAIN_METRICS: dict[SuiteKind, tuple[str, ...]] = {
    **PAIR_METRICS,
    "Triplet": ("accuracy",),
    "Classification": ("accuracy", "macro-f1"),
    "Bitext": ("accuracy", "forward", "backward"),
}
"""Metrics without a cutoff. Means over what is asked, but for the statistics."""
STATISTIC_COLUMNS: dict[StatisticName, tuple[str, str]] = {
    "spearman": ("similarity", "score"),
    "pearson": ("similarity", "score"),
    "ap": ("similarity", "score"),
    "f1": ("similarity", "score"),
    "macro-f1": ("label", "predicted"),
}
"""What is kept of each item, and each statistic is computed from."""
_INNER = frozenset(column for columns in STATISTIC_COLUMNS.values() for column in columns)
_PLAIN = tuple(dict.fromkeys(name for names in PLAIN_METRICS.values() for name in names))
MEASURES: tuple[str, ...] = tuple(dict.fromkeys((*RETRIEVAL_METRICS, *_PLAIN, *COST_NAMES)))
"""In the order in which the field reports them."""
SUITE_KINDS: tuple[SuiteKind, ...] = get_args(SuiteKind)
_COMPRESSED = r"(@([1-9][0-9]{0,4}(-int8)?|int8))?"
METRIC_PATTERN = (
    rf"^(cost/({'|'.join(COST_NAMES)})|[a-z0-9]([-a-z0-9]*[a-z0-9])?{_COMPRESSED}/"
    rf"([a-z]+@[1-9][0-9]{{0,3}}|{'|'.join(_PLAIN)}))$"
)


def suite_metrics(suite: str, kind: SuiteKind, cutoffs: tuple[int, ...]) -> tuple[str, ...]:
    """Full names of the metrics that a suite yields, in the order they are reported."""
    if kind in RANKED_KINDS:
        return tuple(f"{suite}/{metric}@{k}" for metric in RETRIEVAL_METRICS for k in cutoffs)
    return tuple(f"{suite}/{metric}" for metric in PLAIN_METRICS[kind])


def told_of(columns: Sequence[str]) -> tuple[str, ...]:
    """Full names of the metrics that can be told of kept columns: those that are one, and statistics of two of them."""
    suite = columns[0].partition("/")[0]
    plain = tuple(name for name in columns if name.partition("/")[2] not in _INNER)
    statistics = (
        f"{suite}/{name}" for name, pair in STATISTIC_COLUMNS.items() if {f"{suite}/{column}" for column in pair} <= {*columns}
    )
    return (*plain, *statistics)


def statistic_columns(metric: str) -> tuple[str, str] | None:
    """Full names of the two columns that a statistic is computed from; None: the metric is a mean, and is its own column."""
    suite, _, name = metric.partition("/")
    found = STATISTIC_COLUMNS.get(cast("StatisticName", name))
    return None if found is None else (f"{suite}/{found[0]}", f"{suite}/{found[1]}")


def suite_of(metric: str) -> str:
    """Name of the suite that yields a metric, with how its vectors were made smaller: `test@int8`."""
    return re.split(r"[/\[]", metric, maxsplit=1)[0]


def is_compressed(metric: str) -> bool:
    """Its vectors were made smaller."""
    return "@" in suite_of(metric)


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


def main_metrics(names: Collection[str]) -> list[str]:
    """The ones that fit on a screen: of each suite every metric at its largest cutoff, or without one, and accuracy at 1; of
    vectors that were made smaller ndcg at the largest cutoff alone, or what has none; and costs."""
    suites = list(dict.fromkeys(map(suite_of, names)))
    measured = {name: measure_of(name) for name in names}
    largest = {suite: max((measured[n][1] or 0 for n in names if suite_of(n) == suite), default=0) for suite in suites}

    def is_main(name: str) -> bool:
        measure, cutoff = measured[name]
        if is_compressed(name) and cutoff is not None:
            return measure == "ndcg" and cutoff == largest[suite_of(name)]
        return cutoff in (largest[suite_of(name)], None) or (measure, cutoff) == ("accuracy", 1)

    shown = [name for name in names if is_main(name)]
    return sorted(shown, key=lambda n: (suites.index(suite_of(n)), MEASURES.index(measured[n][0]), measured[n][1] or 0, n))


def of_quality(names: Collection[str]) -> list[str]:
    """Without what a model costs."""
    return [name for name in names if not is_cost(name)]
