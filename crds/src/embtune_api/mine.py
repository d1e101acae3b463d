"""Hard negatives for rows that are trained on: `spec.data.mine`.

The words are those of `sentence_transformers.util.mine_hard_negatives` where they mean the same.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from embtune_api.base import Resource
from embtune_api.crd.declare import cel
from embtune_api.names import Uri
from embtune_api.places import OutsideModel

Similarity = Annotated[float, Field(ge=-1, le=1)]


class Ranks(Resource):
    """Which of the nearest texts may become negatives; known answers are not counted."""

    min: Annotated[int, Field(ge=0, le=999)] = 0
    """So many of the nearest are passed over: the likeliest answers that nobody has marked."""
    max: Annotated[int, Field(ge=1, le=1000)] = 100
    """Texts from this rank on are too easy."""

    @model_validator(mode="after")
    @cel("self.min < self.max", "min is below max")
    def _some_rank_is_left(self) -> Self:
        if self.min >= self.max:
            raise ValueError("min is below max")
        return self


class Margin(Resource):
    """How much less similar to the anchor than its own positive a negative is; both hold where both are given."""

    absolute: Annotated[float, Field(ge=0, le=2)] | None = None
    """In cosine similarity."""
    relative: Annotated[float, Field(ge=0, le=1)] | None = None
    """As a part of the positive's similarity: 0.05 leaves at most 95 % of it."""


class CrossEncoderFilter(OutsideModel):
    """A second opinion: a cross-encoder reads anchor and candidate together; what it finds to be an answer is no negative."""

    uri: Uri
    """`hf://org/name`, `s3://bucket/prefix`, or a folder (local runs only), with one output; read with the base model's
    secretRef."""
    max_score: Annotated[float, Field(gt=0, le=1)] = 0.8
    """Candidates that it scores higher are dropped. Scores are sigmoids, 0 to 1."""


class Mine(Resource):
    """Each row to train on gets hard negatives: answers of other rows that a model takes for near, and that are not known to be
    right. Validation rows and the exam are neither changed nor looked at."""

    with_: Annotated[Literal["Base", "Champion"], Field(alias="with")] = "Base"
    """The model that looks for them: the base model, or what is in production when prepare starts (the base, while nothing
    is)."""
    per_query: Annotated[int, Field(ge=1, le=16)] = 1
    """Negatives that each row gets, if so many are found."""
    range: Ranks = Ranks(min=0, max=100)
    """Ranks among the texts nearest to the anchor."""
    margin: Margin = Margin(relative=0.05)
    """Between the positive and a negative; {}: none."""
    max_score: Similarity | None = None
    """Texts that are more similar to the anchor than this are no negatives."""
    min_score: Similarity | None = None
    """Texts that are less similar to the anchor than this are too easy."""
    sampling: Literal["Top", "Random"] = "Top"
    """Top: the nearest of those that are left. Random: any of them, by a hash of seed, row and text."""
    cross_encoder: CrossEncoderFilter | None = None
    """Drops likely answers among them."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    """Random: another seed takes others."""

    @model_validator(mode="after")
    @cel("!has(self.minScore) || !has(self.maxScore) || self.minScore < self.maxScore", "minScore is below maxScore")
    def _some_score_is_left(self) -> Self:
        if self.min_score is not None and self.max_score is not None and self.min_score >= self.max_score:
            raise ValueError("minScore is below maxScore")
        return self
