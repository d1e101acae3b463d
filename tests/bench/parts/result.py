"""What the bench found: kept as JSON, shown as a table, and told in the docs."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel
from rich.table import Table

RESULT = Path(__file__).with_name("result.json")
WORDS = Path(__file__).with_name("page.md")
"""The page without its table."""
PAGE = Path(__file__).parents[3] / "docs" / "parts.md"
HEADER = [
    "what learns",
    "learning rate",
    "trainable",
    "seconds a step",
    "peak memory",
    "ndcg@10",
    "− base (95 %)",
    "− full (95 %)",
]


class Bounded(BaseModel):
    """A mean difference of ndcg@10."""

    value: float
    lower: float
    upper: float
    """Of a two-sided interval of 95 %, over seeds and groups of queries."""


class Outcome(BaseModel):
    """One arm, over all seeds."""

    name: str
    learning_rate: float
    trainable: int
    share: float
    """Of the encoder that is trained."""
    seconds_a_step: float
    """The quickest seed's: others wait for a machine that is not theirs alone."""
    peak_bytes: int
    """Of the whole process, in the median."""
    ndcg: float
    over_base: Bounded
    over_full: Bounded | None
    """None: this is the full fine-tune."""


class Result(BaseModel):
    commit: str
    cpu: str
    torch: str
    seeds: list[int]
    minutes: float
    rows: int
    steps: int
    queries: int
    groups: int
    base: float
    """ndcg@10"""
    outcomes: list[Outcome]


def as_table(result: Result) -> Table:
    table = Table(
        title=f"{result.rows} pairs, {result.steps} steps, seeds {', '.join(map(str, result.seeds))}; base {result.base:.4f}"
    )
    for column in HEADER:
        table.add_column(column)
    for outcome in result.outcomes:
        table.add_row(*_cells(outcome))
    return table


def as_page(result: Result) -> str:
    rows = ["| " + " | ".join(cells) + " |" for cells in (HEADER, ["---"] * len(HEADER), *map(_cells, result.outcomes))]
    measured = (
        f"{result.rows} pairs of tldr, {result.steps} steps of 64, {result.queries} queries in {result.groups} groups, base "
        f"{result.base:.4f}. Measured at commit\n{result.commit} on {result.cpu}, seeds {', '.join(map(str, result.seeds))}, in "
        f"{result.minutes:g} minutes.\n"
    )
    return WORDS.read_text(encoding="utf-8").replace("TABLE\n", "\n".join(rows) + "\n\n" + measured)


def _cells(outcome: Outcome) -> list[str]:
    return [
        outcome.name,
        f"{outcome.learning_rate:g}",
        f"{outcome.share:.1%}",
        f"{outcome.seconds_a_step:.2f}",
        f"{outcome.peak_bytes / 2**30:.2f} GiB",
        f"{outcome.ndcg:.4f}",
        _bounded(outcome.over_base),
        _bounded(outcome.over_full),
    ]


def _bounded(difference: Bounded | None) -> str:
    return f"{difference.value:+.4f} ({difference.lower:+.4f} to {difference.upper:+.4f})" if difference else ""
