"""What the bench found, as a table."""

from __future__ import annotations

from pydantic import BaseModel

from bench.record import Cells, Measured, Record

HEADER = ["candidate", "verdict", "as it should be"]


class Outcome(BaseModel):
    """One candidate, judged against the champion."""

    name: str
    told: str
    """What was done to it, in words."""
    verdict: str
    """The line that `embtune run` prints."""
    seconds: float
    right: bool
    """Whether that is the outcome and the reason that it should be."""


class Result(Measured):
    minutes: float
    queries: int
    """Of the exam."""
    champion: str
    """The verdict on it, before it had a rival."""
    outcomes: list[Outcome]

    @property
    def is_right(self) -> bool:
        return all(outcome.right for outcome in self.outcomes)

    def tables(self) -> dict[str, Cells]:
        rows = [[each.told, each.verdict, "yes" if each.right else "NO"] for each in self.outcomes]
        return {"": Cells(HEADER, rows)}

    def told(self) -> str:
        return (
            f"An exam of {self.queries} queries. The champion: {self.champion}.\n"
            f"Measured at commit {self.commit} on {self.cpu}, in {self.minutes:g} minutes."
        )


BAD_CANDIDATES = Record("candidates", "bad-candidates.md", Result)
