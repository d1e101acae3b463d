"""What `embtune compare` and `embtune try` show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from embtune_api.metrics import split_metric
from embtune_operator.view.console import print_table, result_console
from embtune_operator.view.score_table import main_metrics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.model_use import Hit, Tried
    from embtune_operator.registry.comparison import Compared, Comparison

_LONGEST = 90
"""Characters of a text"""


def print_comparison(comparison: Comparison) -> None:
    """Scores with bounds, differences to the first model, wins and losses, cost."""
    first, others = comparison.models[0], comparison.models[1:]
    shown = main_metrics([found.metric for found in first.metrics])
    console = result_console()
    columns = ("metric", *(model.name for model in comparison.models))
    print_table(columns, [(name, *(_cell(model, name, model is first) for model in comparison.models)) for name in shown])
    console.print(
        f"[dim]{comparison.queries:,} questions in {comparison.groups:,} groups, paired; after each score its difference from "
        f"{escape(first.name)} with one-sided {comparison.confidence:.0%} bounds, bootstrap over groups[/]\n"
    )
    for model in others:
        console.print(escape(_said(model, first, comparison)), soft_wrap=True)
    console.print()
    print_table(
        ("model", "better", "alike", "worse", "size", "dimension", "texts a second"), [_cost(m, first) for m in comparison.models]
    )
    judged = split_metric(comparison.judged_by)[1]
    console.print(f"[dim]better and worse: questions, by {judged} against {escape(first.name)}[/]")


def print_tried(tried: Tried, names: Sequence[str], query: str) -> None:
    """One column a model; beside each result the rank that the first model gives it, where that is another."""
    console = result_console()
    console.print(f"[bold]{escape(query)}[/]  [dim]over {tried.passages:,} passages[/]\n")
    first = [hit.text for hit in tried.found[0]]
    for name, hits in zip(names, tried.found, strict=True):
        console.print(f"[bold]{escape(name)}[/]")
        for rank, hit in enumerate(hits, 1):
            console.print(_hit(rank, hit, first, hits is tried.found[0]), soft_wrap=True)
        console.print()


def moved(rank: int, text: str, first: Sequence[str]) -> str:
    """`↑3`: three ranks higher than the first model has it; `new`: that one lacks it; empty: the same rank."""
    if text not in first:
        return "new"
    by = first.index(text) + 1 - rank
    return f"↑{by}" if by > 0 else f"↓{-by}" if by < 0 else ""


def _hit(rank: int, hit: Hit, first: Sequence[str], is_first: bool) -> str:
    change = "" if is_first else moved(rank, hit.text, first)
    style = "green" if change.startswith("↑") or change == "new" else "red" if change else ""
    shown = hit.text if len(hit.text) <= _LONGEST else f"{hit.text[: _LONGEST - 1]}…"
    mark = f"[bold {style}]{change:>4}[/]" if style else f"{change:>4}"
    return f"{rank:>3} {mark}  {hit.similarity:.3f}  {escape(' '.join(shown.split()))}"


def _cell(model: Compared, metric: str, is_first: bool) -> str:
    found = next(found for found in model.metrics if found.metric == metric)
    if is_first:
        return f"{found.score.value:.3f} ({found.score.lower:.3f} – {found.score.upper:.3f})"
    difference = found.difference
    return f"{found.score.value:.3f}  {difference.value:+.3f} ({difference.lower:+.3f} … {difference.upper:+.3f})"


def _said(model: Compared, first: Compared, comparison: Comparison) -> str:
    found = next((found for found in model.metrics if found.metric == comparison.judged_by), None)
    if found is None:
        return f"{model.name} and {first.name}: {comparison.judged_by} has no meaning on so few questions"
    lower, upper = found.difference.lower, found.difference.upper
    name = split_metric(found.metric)[1]
    if lower > 0:
        return f"{model.name} is better than {first.name}: {name} by at least {lower:.3f}"
    if upper < 0:
        return f"{model.name} is worse than {first.name}: {name} by at least {-upper:.3f}"
    return f"{model.name} and {first.name} cannot be told apart: {name} {lower:+.3f} to {upper:+.3f}"


def _cost(model: Compared, first: Compared) -> tuple[str, ...]:
    counts = ("", "", "") if model is first else (f"{model.better:,}", f"{model.alike:,}", f"{model.worse:,}")
    speed, dimension = model.cost.texts_a_second, model.cost.dimension
    size = f"{model.cost.size / 1e6:,.1f} MB"
    return (model.name, *counts, size, "–" if dimension is None else f"{dimension:,}", "–" if speed is None else f"{speed:,.0f}")
