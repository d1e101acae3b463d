"""What the bench found: kept as JSON, shown as a table, and told in the docs."""

from __future__ import annotations

import platform
import subprocess
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from rich.table import Table

RESULT = Path(__file__).with_name("result.json")
WORDS = Path(__file__).with_name("page.md")
"""The page without its table."""
PAGE = Path(__file__).parents[3] / "docs" / "techniques.md"


class Outcome(BaseModel):
    """One technique on one set."""

    technique: str
    data: str
    rows_without: int
    rows_with: int
    queries: int
    groups: int
    without: float
    """ndcg@10, mean over seeds"""
    with_it: float
    difference: float
    lower: float
    upper: float
    """Of a two-sided interval of 95 %."""
    tells: str


class Result(BaseModel):
    commit: str
    cpu: str
    torch: str
    seeds: list[int]
    minutes: float
    outcomes: list[Outcome]


def machine() -> dict[str, Any]:
    """Where and with what it was measured."""
    import torch

    commit = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=True)
    names = (line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    cpu = next(names, platform.processor()).rpartition(":")[2].strip()
    return {"commit": commit.stdout.strip(), "cpu": cpu, "torch": torch.__version__}


def as_table(result: Result) -> Table:
    table = Table(title=f"ndcg@10, seeds {', '.join(map(str, result.seeds))}, {result.minutes} minutes")
    for column in HEADER:
        table.add_column(column)
    for outcome in result.outcomes:
        table.add_row(*_cells(outcome))
    return table


def as_markdown(result: Result) -> str:
    rows = ["| " + " | ".join(cells) + " |" for cells in (HEADER, ["---"] * len(HEADER), *map(_cells, result.outcomes))]
    seeds = ", ".join(map(str, result.seeds))
    measured = f"Measured at commit {result.commit} on {result.cpu}, seeds {seeds}, in {result.minutes:g} minutes.\n"
    return "\n".join(rows) + "\n\n" + measured


def write_page(result: Result) -> None:
    PAGE.write_text(as_page(result), encoding="utf-8")


def as_page(result: Result) -> str:
    return WORDS.read_text(encoding="utf-8").replace("TABLE\n", as_markdown(result))


HEADER = ["technique", "data", "rows", "ndcg@10 without", "with", "difference (95 %)", ""]


def _cells(outcome: Outcome) -> list[str]:
    rows = f"{outcome.rows_without}" + (f" → {outcome.rows_with}" if outcome.rows_with != outcome.rows_without else "")
    interval = f"{outcome.difference:+.4f} ({outcome.lower:+.4f} to {outcome.upper:+.4f})"
    return [outcome.technique, outcome.data, rows, f"{outcome.without:.4f}", f"{outcome.with_it:.4f}", interval, outcome.tells]
