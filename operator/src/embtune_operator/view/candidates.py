"""The candidates of a job in words and columns: for a terminal and for the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from embtune_api.metrics import split_metric
from embtune_api.ranking import Ranking

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from embtune_api.documents.publish import Metadata
    from embtune_api.status import CandidateStatus


def ranking_of(metadata: Metadata) -> Ranking | None:
    """Among which candidates the version was picked; None: its job had none."""
    found = metadata.lineage.get("candidates")
    return Ranking.model_validate(found) if found else None


def candidate_columns(ranking: Ranking) -> tuple[str, ...]:
    metric = split_metric(ranking.metric)[1]
    return ("candidate", f"{metric} on validation", "behind the best", "parameters", "dimension", "size", "texts a second")


def candidate_rows(ranking: Ranking, told: Sequence[CandidateStatus] = ()) -> list[tuple[str, ...]]:
    """The best first; those that take no part come last.

    Args:
        told: what the job's status says of them, where it is still known.
    """
    best = ranking.candidates[0].name
    ranked = [
        (
            f"{one.name} (picked)" if one.name == ranking.picked else one.name,
            f"{one.score:.3f} ({one.lower:.3f} to {one.upper:.3f})",
            "–" if one.name == best else f"{one.behind:.3f} ({one.behind_lower:+.3f} to {one.behind_upper:+.3f})",
            f"{one.parameters:,}",
            f"{one.dimension:,}",
            f"{one.size / 1e6:,.1f} MB",
            f"{one.texts_a_second:,.0f}",
        )
        for one in ranking.candidates
    ]
    left_out = [
        (one.name, f"{one.phase.lower()}: {one.message}", *("–",) * 5) for one in told if one.phase in ("Failed", "Skipped")
    ]
    return [*ranked, *left_out]


def print_candidates(console: Console, ranking: Ranking, told: Sequence[CandidateStatus]) -> None:
    """Those that were ranked as a table, a line for each other one, and who was picked."""
    table = Table(title=None, box=None, padding=(0, 2), header_style="bold")
    for number, name in enumerate(candidate_columns(ranking)):
        table.add_column(name, justify="right" if number else "left")
    for row in candidate_rows(ranking):
        table.add_row(*map(escape, row))
    console.print()
    console.print(table)
    console.print(f"[dim]in brackets: one-sided {ranking.confidence:.0%} bounds, bootstrap over groups, differences paired[/]")
    for one in told:
        if one.phase in ("Failed", "Skipped"):
            console.print(escape(f"{one.name}: {one.phase.lower()}, {one.message}"), soft_wrap=True)
    console.print(escape(ranking.line), soft_wrap=True)
