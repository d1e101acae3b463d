"""Slices of the exam: `spec.evaluation.slices`, and what is known of them once it has been asked."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from embtune_api.base import Document, Resource
from embtune_api.crd.declare import cel
from embtune_api.digest import sha256_hex
from embtune_api.status import Metrics, Role

SliceBy = Literal["Column", "Language", "Length", "Answer"]
MOST_SLICES = 64
"""Of one column: those with most queries, where the job does not say which."""
_LONGEST = 64
_NOT_IN_A_NAME = r"[\[\]*=\x00-\x1f\x7f]"
_VALUE = r"^[^\[\]*=\x00-\x1f\x7f]+$"

SliceColumn = Annotated[str, StringConstraints(pattern=_VALUE, min_length=1, max_length=_LONGEST)]
SliceValue = Annotated[str, StringConstraints(pattern=_VALUE, min_length=1, max_length=_LONGEST)]
SLICE_PATTERN = r"^[^\[\]*=\x00-\x1f\x7f]+=([^\[\]*=\x00-\x1f\x7f]+|\*)$"
SliceRef = Annotated[str, StringConstraints(pattern=SLICE_PATTERN, min_length=3, max_length=2 * _LONGEST + 1)]

GOES_WITH: dict[str, SliceBy] = {"column": "Column", "buckets": "Length"}
"""Fields that a kind of slice needs, and no other has."""
NAME = "({0}.by == 'Column' ? {0}.column : {0}.by == 'Language' ? 'language' : {0}.by == 'Length' ? 'length' : 'answer')"
"""CEL: the name of a slice."""
_RISING = "buckets must rise: 40, 80, 160"


class Slice(Resource):
    """One way to divide the exam's queries: metrics are told of each part, and gates can ask for each."""

    by: SliceBy = "Column"
    """Column: by a column of the data's files, whose values the exam keeps of each query when it is frozen. Language: by what
    the sources say (train[].language), kept in the same way. Length: by the characters of the query, of a pair of both texts.
    Answer: answer=known, where the candidate was trained on a text that is a right answer, and answer=new, where it was on none:
    the query is new in either case. Pairs and labelled texts have no answers."""
    column: SliceColumn | None = None
    """Column: which. Not every file needs to have it, nor every row a value."""
    values: Annotated[list[SliceValue], Field(min_length=1, max_length=MOST_SLICES)] | None = None
    """Column and Language: the values that count; default: all, or the 64 with most queries."""
    buckets: Annotated[list[Annotated[int, Field(ge=1, le=1_000_000)]], Field(min_length=1, max_length=15)] | None = None
    """Length: where a bucket begins. 40 and 80 make length=0-39, length=40-79 and length=80+."""

    @property
    def name(self) -> str:
        """The part before the equals sign."""
        return self.column or self.by.lower()

    @property
    def kept_by_the_exam(self) -> bool:
        return self.by in ("Column", "Language")

    @model_validator(mode="after")
    @cel(
        " && ".join(f"has(self.{name}) == (self.by == '{kind}')" for name, kind in GOES_WITH.items())
        + " && !(has(self.values) && self.by in ['Length', 'Answer'])",
        "column goes with by: Column, buckets with by: Length, and each needs it; values go with Column and Language",
    )
    def _fields_go_with_the_kind(self) -> Self:
        for name, kind in GOES_WITH.items():
            if (getattr(self, name) is not None) != (self.by == kind):
                word = "needs" if self.by == kind else "has no"
                raise ValueError(f"by: {self.by} {word} {name}: column goes with by: Column, buckets with by: Length")
        if self.values is not None and not self.kept_by_the_exam:
            raise ValueError(f"by: {self.by} has no values: they go with Column and Language")
        return self

    @field_validator("buckets")
    @classmethod
    @cel(
        "!has(self.buckets) || self.buckets.isSorted() && self.buckets.all(b, self.buckets.exists_one(o, o == b))",
        _RISING,
        field="buckets",
    )
    def _buckets_rise(cls, buckets: list[int] | None) -> list[int] | None:
        if buckets is not None and sorted(set(buckets)) != buckets:
            raise ValueError(_RISING)
        return buckets

    def bucket(self, characters: int) -> str:
        """`40-79`: the value of a query of this length."""
        starts = [0, *(self.buckets or [])]
        number = sum(start <= characters for start in starts) - 1
        return f"{starts[number]}-{starts[number + 1] - 1}" if number + 1 < len(starts) else f"{starts[number]}+"


def slice_value(text: str) -> str | None:
    """What a value of the data is called among slices: itself, where it can stand in the name of a metric. None: it is blank.

    Others lose what cannot, and keep apart by the first characters of their sha256.
    """
    words = " ".join(text.split())
    fit = " ".join(re.sub(_NOT_IN_A_NAME, " ", words).split())
    if fit == words and len(fit) <= _LONGEST:
        return fit or None
    return f"{fit[: _LONGEST - 9]}~{sha256_hex(words.encode())[:8]}"


class SliceMembers(Document):
    """Which of the exam's queries are in one slice."""

    name: str
    value: str
    queries: list[int]
    """Indices, in the exam's order; those that are dropped are among them."""

    @property
    def ref(self) -> str:
        return f"{self.name}={self.value}"


class SliceTable(Document):
    """`slices.json` of an evaluation: every slice that the job asked for, by name, the largest first."""

    slices: list[SliceMembers]


class SliceScores(Document):
    """One slice in a report."""

    slice: str
    """`lang=de`"""
    queries: int
    """Scored, after dropping."""
    groups: int
    metrics: dict[Role, Metrics]
    """By the names that they have on the whole exam."""
