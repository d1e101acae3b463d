"""What `embtune-trainer look` is asked and answers: what is in files, before there is a job."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from embtune_api.base import Document
from embtune_api.base_look import BaseLook
from embtune_api.base_model import BaseModelRef
from embtune_api.data import Data
from embtune_api.learning_curve import CurveAsk, CurveInputs
from embtune_api.reports import DataReport

MOST_VALUES = 20


class AskedFile(Document):
    """A file to describe."""

    uri: str
    header: list[str] = []
    """Names of its columns, where its first line is data."""
    mapped: list[str] = []
    """Columns that somebody says it has: a first line that names them all is no data, whatever it reads like."""


class LookRequest(Document):
    """Files to describe; with `data`, what `prepare` would find in it, too."""

    folder: str
    """That relative paths start at."""
    files: list[AskedFile]
    data: Data | None = None
    base: BaseModelRef | None = None
    """With `data`: a model to be measured on its validation rows."""
    curve: CurveAsk | None = None
    """With `base`: what a learning curve takes is written, too."""


class ColumnLook(Document):
    """What one column holds. Lengths are of its texts, in words and characters."""

    name: str
    filled: int
    """Rows with a value that is not blank."""
    distinct: int
    numeric: bool
    """Every value is a number."""
    words_p50: int
    words_p95: int
    words_max: int
    characters_p95: int
    values: Annotated[list[tuple[str, int]], Field(max_length=MOST_VALUES)]
    """The most frequent, with their rows; texts are cut at 100 characters."""
    rarest: int
    """Rows of the value that has fewest."""


class FileLook(Document):
    """What one file holds."""

    uri: str
    rows: int
    columns: list[ColumnLook]
    header: list[str] = []
    """Of a csv or tsv whose first line is data: what its columns are called, in their order."""


class Look(Document):
    """The answer."""

    files: list[FileLook]
    report: DataReport | None = None
    base: BaseLook | None = None
    not_measured: str = ""
    """Why there is no `base`, where one was asked for."""
    curve: CurveInputs | None = None
