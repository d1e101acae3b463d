"""What the bench found, as a table."""

from __future__ import annotations

from pydantic import BaseModel

from bench.record import Bounded, Cells, MeasuredBySeed, Record

HEADER = ["technique", "data", "rows", "ndcg@10 without", "with", "difference (95 %)", ""]


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


class Result(MeasuredBySeed):
    outcomes: list[Outcome]

    def tables(self) -> dict[str, Cells]:
        return {"": Cells(HEADER, [_row(outcome) for outcome in self.outcomes])}


TECHNIQUES = Record("techniques", "techniques.md", Result)


def _row(outcome: Outcome) -> list[str]:
    rows = f"{outcome.rows_without}" + (f" → {outcome.rows_with}" if outcome.rows_with != outcome.rows_without else "")
    interval = str(Bounded(value=outcome.difference, lower=outcome.lower, upper=outcome.upper))
    return [outcome.technique, outcome.data, rows, f"{outcome.without:.4f}", f"{outcome.with_it:.4f}", interval, outcome.tells]
