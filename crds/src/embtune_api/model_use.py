"""What `embtune-trainer compare`, `try` and `embed` are asked and answer: models used outside a job."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from embtune_api.base import Document
from embtune_api.documents.files import StoredModel
from embtune_api.evaluation import Suite
from embtune_api.sources import Columns

MOST_COMPARED = 8
"""Models at once."""


class UsedModel(Document):
    """A model to load: a published version, or one from outside."""

    name: str
    """As people call it: `tldr-search@3`, or its address."""
    store: str | None = None
    """Of a version: URI of its store."""
    stored: StoredModel | None = None
    uri: str | None = None
    """Of one from outside: hf://org/name, s3://bucket/prefix, or a folder."""


class FrozenExam(Document):
    """The exam of a line."""

    store: str
    namespace: str
    model: str
    digest: str


class RowsOf(Document):
    """A file whose rows are asked, each a question and its answer."""

    uri: str
    columns: Columns
    header: list[str] = []
    """Names of its columns, where its first line is data."""


class TextsOf(Document):
    """A file of texts."""

    uri: str
    column: str | None = None
    """None: the only one, or one that is called as texts are."""


class CompareRequest(Document):
    """Ask every model the same."""

    folder: str
    """That relative paths start at."""
    models: Annotated[list[UsedModel], Field(min_length=1, max_length=MOST_COMPARED)]
    exam: FrozenExam | None = None
    rows: RowsOf | None = None
    """Instead of an exam."""


class AskedModel(Document):
    """What one model answered, and what it costs."""

    name: str
    digest: str
    """Of its files."""
    dimension: int
    size: int
    """bytes"""
    texts: int
    """Encoded."""
    seconds: float
    """That encoding them and putting passages in order took on this machine."""
    values: list[list[float | None]]
    """(asked, columns); None: not a number."""


class Asked(Document):
    """The answer to `CompareRequest`."""

    suite: Suite
    columns: list[str]
    """As an evaluation keeps them: a metric each, or similarity and score."""
    groups: list[int]
    """(asked,): equal numbers for equal groups."""
    models: list[AskedModel]


class TryRequest(Document):
    """Ask models one query."""

    folder: str
    models: Annotated[list[UsedModel], Field(min_length=1, max_length=MOST_COMPARED)]
    query: str
    exam: FrozenExam | None = None
    """Its corpus is searched."""
    corpus: TextsOf | None = None
    """Instead of an exam's."""
    top: Annotated[int, Field(ge=1, le=100)] = 10


class Hit(Document):
    text: str
    similarity: float
    """Cosine."""


class Tried(Document):
    """The answer to `TryRequest`."""

    passages: int
    found: list[list[Hit]]
    """By model, the best first."""


class EmbedRequest(Document):
    """Write the vectors of a file's texts."""

    folder: str
    model: UsedModel
    texts: TextsOf
    side: Literal["query", "document"]
    out: str
    """The parquet file; until it is whole, parts of it lie in a folder of that name with `.parts` at its end."""


class EmbedProgress(Document):
    done: int
    """texts"""
    total: int


class Embedded(Document):
    """The answer to `EmbedRequest`."""

    rows: int
    blank: int
    """Rows without a text, which have no vector."""
    kept: int
    """Rows whose vectors were there already."""
    dimension: int
    digest: str
    """Of the model's files."""
