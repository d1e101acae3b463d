"""The files of rows, and which of their columns holds what."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from embtune_api.base import Resource
from embtune_api.crd import expressions
from embtune_api.crd.declare import cel
from embtune_api.losses import ANY_SHAPE, OPTIONAL_COLUMNS, SHAPE_COLUMNS, Shape
from embtune_api.names import ColumnName, LanguageTag
from embtune_api.places import RowFile


class Columns(Resource):
    """Which column of the source holds what. The set of names given decides the data's shape."""

    anchor: ColumnName | None = None
    """The query side of a pair."""
    positive: ColumnName | None = None
    """The text that answers the anchor."""
    negative: ColumnName | None = None
    """A text that does not answer the anchor."""
    sentence1: ColumnName | None = None
    """One text of a scored pair."""
    sentence2: ColumnName | None = None
    """The other text of a scored pair."""
    score: ColumnName | None = None
    """How alike the two are."""
    text: ColumnName | None = None
    """A text with a label."""
    label: ColumnName | None = None
    """Of a text; with pairs: rows that share a label are never used as negatives of each other."""
    category: ColumnName | None = None
    """With pairs: what negatives that build.negatives samples have in common with the answer."""
    time: ColumnName | None = None
    """Of a row of any shape: how old it is, written as in split.timeColumn, which stands for it where it is left out."""

    @property
    def shape(self) -> Shape:
        """The data shape that these columns make.

        Raises:
            ValueError: when they make none.
        """
        given = {name for name in type(self).model_fields if getattr(self, name) is not None} - ANY_SHAPE
        for shape, columns in SHAPE_COLUMNS.items():
            if columns <= given <= columns | OPTIONAL_COLUMNS.get(shape, frozenset()):
                return shape
        shapes = "; ".join(f"{shape}: {', '.join(sorted(columns))}" for shape, columns in SHAPE_COLUMNS.items())
        raise ValueError(f"columns {', '.join(sorted(given)) or 'none'} make no known data shape ({shapes})")

    @model_validator(mode="after")
    @cel(expressions.KNOWN_SHAPE, f"the columns make no known data shape ({expressions.SHAPES})")
    def _known_shape(self) -> Self:
        assert self.shape
        return self


class DataSource(RowFile):
    """One file of rows: .jsonl (.ndjson), .csv or .tsv, each also as .gz or .zst, or .parquet."""

    columns: Columns = Columns(anchor="anchor", positive="positive")
    weight: Annotated[float, Field(gt=0, le=100)] = 1.0
    """How often its rows are trained on: at 2.5 each of them twice, and half of them once more; at 0.2 a fifth of them. Which
    ones that are, a hash of build.seed and the row says. Validation and the exam have each row once."""
    language: LanguageTag | None = None
    """Of its texts, such as en or pt-BR; where the sides of a pair differ, of its anchors. Its rows keep it in train.jsonl."""
