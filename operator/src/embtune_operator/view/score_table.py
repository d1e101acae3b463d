"""Scores of a version beside those of the base and the champion, with bounds from the per-query results."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.table import Table

from embtune_api.cost import amount, is_cost
from embtune_api.errors import NotFound
from embtune_api.metrics import is_compressed, main_metrics, measure_of
from embtune_operator.judge.bootstrap import Bounds
from embtune_operator.judge.measure import shown_bounds
from embtune_operator.judge.scores import kept_scores
from embtune_operator.registry.versions import read_manifest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from embtune_api.documents.publish import PublishedEvaluation
    from embtune_api.keys import LineKeys
    from embtune_api.status import Metrics
    from embtune_api.status import Role as ApiRole
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store

_HEADLINES = frozenset({"recall", "mrr", "ndcg", "spearman", "pearson", "ap", "f1", "macro-f1"})


@dataclass(frozen=True)
class Role:
    """A column of the table."""

    name: str
    metrics: Metrics
    bounds: dict[str, Bounds]
    """Empty where the per-query scores are gone."""


def roles_of(store: Store, line: LineKeys, version: Version) -> list[Role]:
    """Base, candidate and champion, as they were judged."""
    evaluation = version.evaluation
    shown = main_metrics(list(evaluation.candidate))
    champion = evaluation.champion_version
    columns: list[tuple[str, ApiRole, Metrics, str | None]] = [
        ("base", "base", evaluation.base, version.metadata.lineage.get("base", {}).get("digest")),
        (f"candidate v{version.number}", "candidate", evaluation.candidate, evaluation.model_digest),
    ]
    if champion is None:
        columns.append(("champion (none yet)", "champion", {}, None))
    else:
        digest = read_manifest(store, line, champion).model_digest
        columns.append((f"champion v{champion}", "champion", evaluation.champion, digest))
    return [
        Role(name, metrics, _bounds(store, line, version, digest, shown) | _bounds_of_costs(evaluation, role))
        for name, role, metrics, digest in columns
    ]


def score_table(roles: Sequence[Role]) -> Table:
    """One row a metric, one column a role: `0.612  (0.598 – 0.626)`."""
    table = Table(title=None, box=None, padding=(0, 2), header_style="bold")
    table.add_column("metric")
    for role in roles:
        table.add_column(role.name, justify="right")
    for metric in main_metrics(list(roles[0].metrics)):
        table.add_row(metric, *(_cell(role, metric) for role in roles))
    return table


def headline_metrics(names: Collection[str]) -> list[str]:
    """The main metrics that people compare models by, of whole vectors: the ones that fit beside other columns."""
    return [name for name in main_metrics(names) if measure_of(name)[0] in _HEADLINES and not is_compressed(name)]


def _cell(role: Role, metric: str) -> str:
    value, bound = role.metrics.get(metric), role.bounds.get(metric)
    if value is None:
        return "–"
    return (
        f"{told(metric, value)}  [dim]({told(metric, bound.lower)} – {told(metric, bound.upper)})[/]"
        if bound
        else told(metric, value)
    )


def told(metric: str, value: float) -> str:
    """`0.612`; of a cost with its unit."""
    return amount(metric, value) if is_cost(metric) else f"{value:.3f}"


def _bounds_of_costs(evaluation: PublishedEvaluation, role: ApiRole) -> dict[str, Bounds]:
    """Of times, which nobody can take again."""
    kept = evaluation.bounds.get(role, {})
    values = getattr(evaluation, role)
    return {name: Bounds(values[name], one.lower, one.upper) for name, one in kept.items() if is_cost(name)}


def _bounds(store: Store, line: LineKeys, version: Version, digest: str | None, names: list[str]) -> dict[str, Bounds]:
    if digest is None:
        return {}
    bounds: dict[str, Bounds] = {}
    for asked in version.evaluation.suites:
        keys = line.exam(asked.exam).results(digest, asked.digest)
        try:
            scores = kept_scores(store, keys).without(asked.dropped)
        except NotFound:
            continue
        bounds |= shown_bounds(scores, names)
    return bounds
