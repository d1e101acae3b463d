"""What the bench found, as a table."""

from __future__ import annotations

from pydantic import BaseModel

from bench.record import Bounded, Cells, MeasuredBySeed, Record

CLOSE = 0.01
"""How much less than the best of the grid the preset may score."""


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


class Result(MeasuredBySeed):
    outcomes: list[Outcome]

    def tables(self) -> dict[str, Cells]:
        header = ["data", "queries", "base", "preset: Auto", "more than the base (95 %)", *self.outcomes[0].grid, "promise kept"]
        return {"": Cells(header, [_row(outcome) for outcome in self.outcomes])}


AUTO = Record("auto", "auto.md", Result)


def _row(outcome: Outcome) -> list[str]:
    points = [f"{value:.4f}" for value in outcome.grid.values()]
    scores = [f"{outcome.base:.4f}", f"{outcome.auto:.4f}", str(outcome.over_base)]
    return [outcome.data, str(outcome.queries), *scores, *points, "yes" if outcome.kept else "NO"]
