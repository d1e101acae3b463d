"""What `embtune compare` and `embtune try` show."""

from __future__ import annotations

from string import ascii_uppercase
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from embtune_api.metrics import main_metrics, split_metric
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES
from embtune_operator.view.console import print_table, result_console

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.model_use import Hit, Tried
    from embtune_operator.registry.comparison import Compared, Comparison

_LONGEST_NAME = 30
"""characters"""


def print_comparison(comparison: Comparison) -> None:
    """Scores with bounds, differences to the first model, wins and losses, cost."""
    first = comparison.models[0]
    names = _short_names([model.name for model in comparison.models])
    console = result_console()
    shown = main_metrics([found.metric for found in first.metrics])
    rows = [(name, *(_cell(model, name, model is first) for model in comparison.models)) for name in shown]
    print_table(("metric", *names), rows)
    console.print(
        f"[dim]{comparison.queries:,} questions in {comparison.groups:,} groups, paired; after each score its difference from "
        f"{escape(names[0])} with one-sided {comparison.confidence:.0%} bounds, bootstrap over groups[/]\n",
        soft_wrap=True,
    )
    for name, model in zip(names[1:], comparison.models[1:], strict=True):
        console.print(escape(_said(name, names[0], model, comparison)), soft_wrap=True)
    console.print()
    named = zip(names, comparison.models, strict=True)
    costs = [(*((name,) if name != model.name else ()), *_cost(model, model is first)) for name, model in named]
    print_table(
        (*(("",) if names[0] != first.name else ()), "model", "better", "alike", "worse", "size", "dimension", "texts a second"),
        costs,
    )
    judged = split_metric(comparison.judged_by)[1]
    console.print(f"[dim]better and worse: questions, by {judged} against {escape(names[0])}[/]")


def print_tried(tried: Tried, names: Sequence[str], query: str) -> None:
    """Side by side, a column a model; beside each result how its rank differs from that of the first model."""
    console = result_console()
    console.print(f"[bold]{escape(query)}[/]  [dim]over {tried.passages:,} passages[/]\n")
    first = [hit.text for hit in tried.found[0]]
    table = Table("", *map(escape, names), box=None, padding=(0, 1), expand=True)
    for column in table.columns[1:]:
        column.ratio, column.no_wrap, column.overflow = 1, True, "ellipsis"
    for rank in range(1, max(map(len, tried.found)) + 1):
        hits = [found[rank - 1] if rank <= len(found) else None for found in tried.found]
        table.add_row(str(rank), *(_hit(rank, hit, first) if hit else "" for hit in hits))
    console.print(table)
    console.print(f"[dim]cosine similarity; ↑ ↓ and new: against the ranks of {escape(names[0])}[/]")


def moved(rank: int, text: str, first: Sequence[str]) -> str:
    """`↑3`: three ranks higher than the first model has it; `new`: that one lacks it; empty: the same rank."""
    if text not in first:
        return "new"
    by = first.index(text) + 1 - rank
    return f"↑{by}" if by > 0 else f"↓{-by}" if by < 0 else ""


def _hit(rank: int, hit: Hit, first: Sequence[str]) -> str:
    change = moved(rank, hit.text, first)
    style = "red" if change.startswith("↓") else "green"
    mark = f"[bold {style}]{change:<3}[/] " if change else ""
    return f"{mark}[dim]{hit.similarity:.3f}[/] {escape(' '.join(hit.text.split()))}"


def _short_names(names: Sequence[str]) -> list[str]:
    """The names, or letters for them where they are too long to stand over a column."""
    return list(names) if max(map(len, names)) <= _LONGEST_NAME else list(ascii_uppercase[: len(names)])


def _cell(model: Compared, metric: str, is_first: bool) -> str:
    found = next(found for found in model.metrics if found.metric == metric)
    if is_first:
        return f"{found.score.value:.3f} ({found.score.lower:.3f} – {found.score.upper:.3f})"
    difference = found.difference
    return f"{found.score.value:.3f}  {difference.value:+.3f} ({difference.lower:+.3f} … {difference.upper:+.3f})"


def _said(name: str, first: str, model: Compared, comparison: Comparison) -> str:
    found = next((found for found in model.metrics if found.metric == comparison.judged_by), None)
    if found is None:
        return f"{name} and {first}: {comparison.judged_by} has no meaning on so few questions"
    lower, upper = found.difference.lower, found.difference.upper
    metric = split_metric(found.metric)[1]
    told = f"{name} and {first} cannot be told apart: {metric} {lower:+.3f} to {upper:+.3f}"
    if lower > 0:
        told = f"{name} is better than {first}: {metric} by at least {lower:.3f}"
    if upper < 0:
        told = f"{name} is worse than {first}: {metric} by at least {-upper:.3f}"
    few = comparison.queries < MIN_QUERIES or comparison.groups < MIN_GROUPS
    return f"{told}; but fewer than {MIN_QUERIES} questions in {MIN_GROUPS} groups settle nothing" if few else told


def _cost(model: Compared, is_first: bool) -> tuple[str, ...]:
    counts = ("", "", "") if is_first else (f"{model.better:,}", f"{model.alike:,}", f"{model.worse:,}")
    speed, dimension = model.cost.texts_a_second, model.cost.dimension
    size = f"{model.cost.size / 1e6:,.1f} MB"
    return (model.name, *counts, size, "–" if dimension is None else f"{dimension:,}", "–" if speed is None else f"{speed:,.0f}")
