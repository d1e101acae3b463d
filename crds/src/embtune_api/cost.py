"""What it costs to use a model: metrics of the suite `cost`, and how its times are taken (`spec.evaluation.cost`)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import Field

from embtune_api.base import Resource

COST = "cost"
"""Name of the suite that these metrics are of; no other suite has it."""
CostName = Literal["query-p50-ms", "query-p95-ms", "documents-per-second", "model-mb", "dimension"]
COST_NAMES: tuple[CostName, ...] = get_args(CostName)
TIMED: tuple[CostName, ...] = ("query-p50-ms", "query-p95-ms", "documents-per-second")
"""Measured on the pod that evaluates; the others are exact, wherever they are read."""
COST_METRICS: tuple[str, ...] = tuple(f"{COST}/{name}" for name in COST_NAMES)


class _Unit(NamedTuple):
    unit: str
    less_is_better: bool
    better: str
    worse: str


UNITS: dict[CostName, _Unit] = {
    "query-p50-ms": _Unit(" ms", True, "faster", "slower"),
    "query-p95-ms": _Unit(" ms", True, "faster", "slower"),
    "documents-per-second": _Unit("/s", False, "faster", "slower"),
    "model-mb": _Unit(" MB", True, "smaller", "larger"),
    "dimension": _Unit("", True, "smaller", "larger"),
}


class CostSettings(Resource):
    """How times are taken: of every model in turn, round after round, in fp32 by sentence-transformers' own `encode`, on the pod
    that evaluates. A time is compared with none that was taken on another pod."""

    rounds: Annotated[int, Field(ge=5, le=200)] = 11
    """Each gives every model's percentiles and throughput once; what is told is their median, with bounds from a bootstrap over
    rounds."""
    queries: Annotated[int, Field(ge=20, le=1000)] = 50
    """Of the line's exam, chosen by hash; encoded one at a time, each as a query that somebody waits for. With 20, the 95th
    percentile is that of the slowest."""
    documents: Annotated[int, Field(ge=1, le=10_000)] = 128
    """Of the line's exam, chosen by hash; encoded in batches, as an index is built."""
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 32
    """Documents at once."""


def is_cost(metric: str) -> bool:
    return metric.startswith(f"{COST}/")


def cost_name(metric: str) -> CostName:
    """`cost/model-mb` → `model-mb`. Raises ValueError: it is no metric of cost."""
    return COST_NAMES[COST_METRICS.index(metric)]


def are_timed(metrics: Iterable[str]) -> bool:
    """Some of them are times."""
    return any(metric in COST_METRICS and cost_name(metric) in TIMED for metric in metrics)


def amount(metric: str, value: float) -> str:
    """`12.3 ms`, `1,520/s`, `90.9 MB` or `384`"""
    unit = UNITS[cost_name(metric)].unit
    digits = 0 if value >= 1000 or not unit else 1 if value >= 10 else 2 if value >= 1 else 3
    return f"{value:,.{digits}f}{unit}"
