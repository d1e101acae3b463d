"""What the bench found, as tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel

from bench.record import Bounded, Cells, MeasuredBySeed, Record

if TYPE_CHECKING:
    import numpy as np

    from bench.techniques.bounds import Interval

HEADER = ["", "metric", "questions", "without", "with", "difference (95 %)", "promised"]


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


class Result(MeasuredBySeed):
    parts: dict[str, list[Comparison]]
    """By the word that stands for the table in the page."""

    @property
    def is_kept(self) -> bool:
        return all(each.is_kept for part in self.parts.values() for each in part)

    def tables(self) -> dict[str, Cells]:
        return {part: as_cells(found) for part, found in self.parts.items()}


LOSSES = Record("losses", "losses.md", Result)


def as_cells(found: list[Comparison]) -> Cells:
    return Cells(HEADER, [_row(each) for each in found])


def _row(each: Comparison) -> list[str]:
    promised = "" if each.at_least is None else f"above {each.at_least:g}: {'kept' if each.is_kept else 'broken'}"
    interval = str(Bounded(value=each.difference, lower=each.lower, upper=each.upper))
    return [each.asked, each.metric, str(each.queries), f"{each.without:.4f}", f"{each.with_it:.4f}", interval, promised]
