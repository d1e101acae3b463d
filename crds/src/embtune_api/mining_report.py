"""What `prepare` tells of the hard negatives that it mined: a section of the data-report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from embtune_api.base import Document

Rule = Literal["range", "margin", "maxScore", "minScore", "crossEncoder"]


class MinedExample(Document):
    """One negative, with what it is a negative to. Texts are at most 100 characters."""

    anchor: str
    positive: str
    positive_similarity: float
    negative: str
    negative_similarity: float


class FalseNegatives(Document):
    """How many negatives are answers that nobody has marked, as far as can be told without a person."""

    share: float | None
    """Of `of`; None where that is 0."""
    of: int
    method: Literal["CrossEncoder", "Lookalikes"]
    """CrossEncoder: of the candidates that it read, those that it dropped; what is left was scored lower. Lookalikes: of the
    mined negatives, those nearer to the anchor than its positive, or near-duplicates of that positive (Jaccard of character
    4-grams at least 0.8); answers in other words are not seen."""


class MiningReport(Document):
    """Similarities are cosines, rounded to 4 digits."""

    miner: str
    """`hf://…`, a path, or `<model>@<version>`."""
    miner_digest: str
    cross_encoder: str | None
    """Digest of the cross-encoder's files."""
    candidates: int
    """Distinct texts that could become negatives."""
    rows_by_negatives: list[int]
    """How many rows got 0, 1, 2, … mined negatives."""
    positive_similarity: float
    """Mean over rows."""
    negative_similarity: float | None
    """Mean over mined negatives; None: there are none."""
    dropped: dict[Rule, int]
    """Candidates by the first rule that they broke, of the `range.max` nearest to each row."""
    false_negatives: FalseNegatives
    examples: Annotated[list[MinedExample], Field(max_length=5)]
