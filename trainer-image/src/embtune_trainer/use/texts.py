"""Texts of one file, in its order."""

from dataclasses import dataclass
from pathlib import Path

from embtune_api.errors import InvalidInput
from embtune_api.model_use import TextsOf
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.records import read_records
from embtune_trainer.prepare.sources import content_of

NAMES = ("text", "passage", "document", "query", "question", "sentence", "content", "body", "title")
"""What columns of texts are called, the plainest first."""


@dataclass(frozen=True)
class FileTexts:
    lines: list[int]
    """Of the file, counted from 1; rows in parquet."""
    texts: list[str]
    blank: int
    """Rows without one."""
    column: str
    content: bytes


def read_texts(asked: TextsOf, folder: Path, outside: Outside, option: str) -> FileTexts:
    """
    Args:
        option: what the user calls the file, in errors.

    Raises:
        InvalidInput: the file cannot be read, a row of it is broken (`file:row`), there is no such column, or no text.
    """
    content = content_of(asked.uri, folder, outside, option)
    records = list((found := read_records(asked.uri, content, [asked.column] if asked.column else [])).records)
    column = _column(asked, sorted(found.columns), option)
    rows = [(record.line, record.values.get(column)) for record in records]
    kept = [(line, value) for line, value in rows if isinstance(value, str) and value.strip()]
    if not kept:
        raise InvalidInput(f"{option} {asked.uri}: no row has a text in column {column!r}. Name the column of texts with --text.")
    return FileTexts([line for line, _ in kept], [text for _, text in kept], len(rows) - len(kept), column, content)


def _column(asked: TextsOf, columns: list[str], option: str) -> str:
    there = ", ".join(columns[:20]) or "none"
    if asked.column is not None:
        if asked.column not in columns:
            raise InvalidInput(f"{option} {asked.uri}: no column {asked.column!r}. The file has {there}. Name one of those.")
        return asked.column
    known = [name for name in NAMES if name in columns]
    if not known and len(columns) != 1:
        raise InvalidInput(
            f"{option} {asked.uri}: nothing says which column holds the texts; the file has {there}. Name it: --text."
        )
    return known[0] if known else columns[0]
