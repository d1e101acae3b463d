"""What is kept of a job's candidates: why one dropped out, how the others rank, and which one was picked."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from embtune_api.base import Document


class CandidateEnd(Document):
    """`candidates/<name>.json` of a job: a candidate that takes no part in the ranking."""

    outcome: Literal["Failed", "Skipped"]
    reason: str
    """One word."""
    message: str
    seconds: float = 0
    """That its attempts took."""


class Ranked(Document):
    """One candidate in the ranking."""

    name: str
    score: float
    lower: float
    """One-sided bounds."""
    upper: float
    behind: float = 0
    """How much less it has than the best, paired; with one-sided bounds."""
    behind_lower: float = 0
    behind_upper: float = 0
    parameters: int
    dimension: int
    size: int
    """bytes"""
    texts_a_second: float


class Ranking(Document):
    """The candidates by their validation scores, the best first."""

    metric: str
    questions: int
    groups: int
    confidence: float
    picked: str
    """The name of the winner."""
    reason: Literal["Best", "Smaller", "OnlyOne"]
    """Smaller: the bounds do not tell it from the best, and it has fewer parameters."""
    line: str
    """For people: who was picked, and why."""
    candidates: list[Ranked]


class Pick(Document):
    """`candidates/pick.json` of a job: the ranking as it was first made; create-only, and whatever follows is made of it."""

    ranking: Ranking
    at: datetime
