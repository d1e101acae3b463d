"""What the bench found: kept as JSON, shown as a table, and told in the docs."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel
from rich.table import Table

RESULT = Path(__file__).with_name("result.json")
WORDS = Path(__file__).with_name("page.md")
"""The page without its table."""
PAGE = Path(__file__).parents[3] / "docs" / "auto.md"
CLOSE = 0.01
"""How much less than the best of the grid the preset may score."""


class Bounded(BaseModel):
    value: float
    lower: float
    upper: float
    """Of a two-sided interval of 95 %."""

    def __str__(self) -> str:
        return f"{self.value:+.4f} ({self.lower:+.4f} to {self.upper:+.4f})"


class Outcome(BaseModel):
    """One set."""

    data: str
    queries: int
    groups: int
    base: float
    """ndcg@10, as all that follow; means over seeds"""
    auto: float
    grid: dict[str, float]
    over_base: Bounded
    """What the preset has more than the base."""

    @property
    def best(self) -> str:
        return max(self.grid, key=self.grid.__getitem__)

    @property
    def kept(self) -> bool:
        """Whether the preset beats the base for sure, and no point of the grid beats the preset by much."""
        return self.over_base.lower > 0 and self.auto >= self.grid[self.best] - CLOSE


class Result(BaseModel):
    commit: str
    cpu: str
    torch: str
    seeds: list[int]
    minutes: float
    outcomes: list[Outcome]


def as_table(result: Result) -> Table:
    table = Table(title=f"ndcg@10, seeds {', '.join(map(str, result.seeds))}, {result.minutes} minutes")
    for column in _header(result):
        table.add_column(column)
    for outcome in result.outcomes:
        table.add_row(*_cells(outcome))
    return table


def as_page(result: Result) -> str:
    header = _header(result)
    rows = ["| " + " | ".join(cells) + " |" for cells in (header, ["---"] * len(header), *map(_cells, result.outcomes))]
    seeds = ", ".join(map(str, result.seeds))
    measured = f"Measured at commit {result.commit} on {result.cpu}, seeds {seeds}, in {result.minutes:g} minutes.\n"
    return WORDS.read_text(encoding="utf-8").replace("TABLE\n", "\n".join(rows) + "\n\n" + measured)


def _header(result: Result) -> list[str]:
    return ["data", "queries", "base", "preset: Auto", "more than the base (95 %)", *result.outcomes[0].grid, "promise kept"]


def _cells(outcome: Outcome) -> list[str]:
    points = [f"{value:.4f}" for value in outcome.grid.values()]
    kept = "yes" if outcome.kept else "NO"
    return [
        outcome.data,
        str(outcome.queries),
        f"{outcome.base:.4f}",
        f"{outcome.auto:.4f}",
        str(outcome.over_base),
        *points,
        kept,
    ]
