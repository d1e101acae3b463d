"""What the bench found: kept as JSON, shown as a table, and told in the docs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel
from rich.table import Table

if TYPE_CHECKING:
    import numpy as np

    from bench.techniques.bounds import Interval

RESULT = Path(__file__).with_name("result.json")
WORDS = Path(__file__).with_name("page.md")
"""The page without its tables."""
PAGE = Path(__file__).parents[3] / "docs" / "losses.md"


class Comparison(BaseModel):
    """One question asked with and without."""

    asked: str
    metric: str
    queries: int
    without: float
    """mean over seeds and queries"""
    with_it: float
    difference: float
    lower: float
    upper: float
    """Of a two-sided interval of 95 %."""
    at_least: float | None
    """What is promised of `lower`; None: nothing is."""

    @classmethod
    def of(
        cls, asked: str, metric: str, without: np.ndarray, with_it: np.ndarray, found: Interval, *, at_least: float | None
    ) -> Comparison:
        """`without`, `with_it`: (seeds, queries)"""
        return cls(
            asked=asked,
            metric=metric,
            queries=without.shape[1],
            without=float(without.mean()),
            with_it=float(with_it.mean()),
            difference=found.value,
            lower=found.lower,
            upper=found.upper,
            at_least=at_least,
        )

    @property
    def is_kept(self) -> bool:
        """The promise."""
        return self.at_least is None or self.lower > self.at_least


class Result(BaseModel):
    commit: str
    cpu: str
    torch: str
    seeds: list[int]
    minutes: float
    parts: dict[str, list[Comparison]]
    """By the word that stands for the table in the page."""

    @property
    def is_kept(self) -> bool:
        return all(each.is_kept for part in self.parts.values() for each in part)


HEADER = ["", "metric", "questions", "without", "with", "difference (95 %)", "promised"]


def as_table(part: str, found: list[Comparison]) -> Table:
    table = Table(title=part)
    for column in HEADER:
        table.add_column(column)
    for each in found:
        table.add_row(*_cells(each))
    return table


def as_page(result: Result | None) -> str:
    """None: nothing was measured yet, and the page says so."""
    page = WORDS.read_text(encoding="utf-8")
    if result is None:
        unmeasured = "Not measured yet: `make bench-losses` writes the table."
        return re.sub(r"^TABLE \w+$", unmeasured, page, flags=re.MULTILINE).replace("\n\nMEASURED\n", "\n")
    for part, found in result.parts.items():
        rows = ["| " + " | ".join(cells) + " |" for cells in (HEADER, ["---"] * len(HEADER), *map(_cells, found))]
        page = page.replace(f"TABLE {part}\n", "\n".join(rows) + "\n")
    seeds = ", ".join(map(str, result.seeds))
    measured = f"Measured at commit {result.commit} on {result.cpu}, seeds {seeds}, in {result.minutes:g} minutes.\n"
    return page.replace("MEASURED\n", measured)


def _cells(each: Comparison) -> list[str]:
    promised = "" if each.at_least is None else f"above {each.at_least:g}: {'kept' if each.is_kept else 'broken'}"
    interval = f"{each.difference:+.4f} ({each.lower:+.4f} to {each.upper:+.4f})"
    return [each.asked, each.metric, str(each.queries), f"{each.without:.4f}", f"{each.with_it:.4f}", interval, promised]
