"""What the bench found, as a table."""

from __future__ import annotations

from pydantic import BaseModel

from bench.record import Bounded, Cells, MeasuredBySeed, Record

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
    """ndcg@10, as what follows; intervals are over seeds and groups of queries"""
    over_base: Bounded
    over_full: Bounded | None
    """None: this is the full fine-tune."""


class Result(MeasuredBySeed):
    rows: int
    steps: int
    queries: int
    groups: int
    base: float
    """ndcg@10"""
    outcomes: list[Outcome]

    def tables(self) -> dict[str, Cells]:
        return {"": Cells(HEADER, [_row(outcome) for outcome in self.outcomes])}

    def told(self) -> str:
        asked = f"{self.queries} queries in {self.groups} groups, base {self.base:.4f}"
        return f"{self.rows} pairs of tldr, {self.steps} steps of 64, {asked}.\n{super().told()}"


PARTS = Record("parts", "parts.md", Result)


def _row(outcome: Outcome) -> list[str]:
    return [
        outcome.name,
        f"{outcome.learning_rate:g}",
        f"{outcome.share:.1%}",
        f"{outcome.seconds_a_step:.2f}",
        f"{outcome.peak_bytes / 2**30:.2f} GiB",
        f"{outcome.ndcg:.4f}",
        str(outcome.over_base),
        str(outcome.over_full or ""),
    ]
