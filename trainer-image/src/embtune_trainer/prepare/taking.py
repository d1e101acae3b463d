"""From a record of a source to a row, or to why it is none."""

import json
from collections.abc import Mapping, Sequence
from sys import intern
from typing import Any

from embtune_api.slices import Slice, slice_value
from embtune_api.sources import DataSource
from embtune_api.split import Split
from embtune_trainer.prepare.findings import Hit
from embtune_trainer.prepare.mapping import read_score, row_of, text_columns
from embtune_trainer.prepare.own_side import own_side, read_time
from embtune_trainer.prepare.records import Record, broken
from embtune_trainer.prepare.rows import Row

_LONGEST_TEXT = 1_000_000
"""characters; a book. No model reads on that far, and the checks of a few such rows would take as long as all others"""


class Taker:
    """Takes the records of one source; what is the same for all of them is worked out once."""

    def __init__(self, source: DataSource, split: Split, slices: Sequence[Slice] = ()) -> None:
        self._source = source
        self._split = split
        self._slices = [one for one in slices if one.kept_by_the_exam]
        self._roles: dict[str, str] = source.columns.model_dump(exclude_none=True)
        self._shape = source.columns.shape
        self._embedded = text_columns(source.columns)
        self._stratum = (split.stratify_by or source.columns.label) if split.method == "Stratified" else None
        self._timed = source.columns.time or split.time_column
        self.wanted = self._wanted()
        """Column → the field of the spec that asks for it."""

    def take(self, record: Record) -> Row | Hit:
        """The record's row, or why it is empty.

        Raises:
            InvalidInput: characters that are no text, or a side that nobody knows.
        """
        source, split = self._source, self._split
        fault = self._fault(record)
        if fault is not None:
            return Hit(f"{source.uri}:{record.line}", fault)
        texts = {column: _as_text(record.values[column]) or "" for column in self.wanted}
        for column, text in texts.items():
            _refuse_bad_characters(source.uri, record.line, column, text)
        try:
            side = own_side(texts, split)
        except ValueError as error:
            raise broken(source.uri, record.line, str(error)) from None
        return row_of(
            {role: texts[column] for role, column in self._roles.items()},
            source,
            record.line,
            shape=self._shape,
            group=None if split.group_by is None else texts[split.group_by],
            stratum=None if self._stratum is None else texts[self._stratum],
            side=side,
            time=None if self._timed is None else read_time(texts[self._timed]),
            slices=self._own_slices(record.values) if self._slices else (),
        )

    def _own_slices(self, values: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """A row without a value is in no slice of that name: it is no fault."""
        found = [
            (one.name, self._source.language if one.column is None else _as_text(values.get(one.column))) for one in self._slices
        ]
        named = [(name, slice_value(text)) for name, text in found if text is not None]
        return tuple((intern(name), intern(value)) for name, value in named if value is not None)

    def _wanted(self) -> dict[str, str]:
        asked = {
            "split.groupBy": self._split.group_by,
            "split.stratifyBy": self._split.stratify_by,
            "split.timeColumn": self._split.time_column,
            "split.splitColumn": self._split.split_column,
        }
        wanted = {column: f"columns.{role}" for role, column in self._roles.items()}
        return wanted | {column: field for field, column in asked.items() if column is not None}

    def _fault(self, record: Record) -> str | None:
        """Why the record cannot be a row; None when it can."""
        if not record.values:
            return "blank line"
        for column in self.wanted:
            value = record.values.get(column)
            if column in self._embedded and value is not None and not isinstance(value, str):
                return f"{column!r} is not a text"
            text = _as_text(value)
            if text is None:
                return f"{column!r} is missing" if value is None else f"{column!r} is not a text"
            if not text or text.isspace():
                return f"{column!r} is blank"
            if len(text) > _LONGEST_TEXT:
                return f"{column!r} has {len(text)} characters, more than {_LONGEST_TEXT}"
            if column == self._source.columns.score and read_score(value) is None:
                return f"{column!r} is no number: {text!r}"
            if column in (self._split.time_column, self._source.columns.time) and read_time(text) is None:
                return f"{column!r} is no time such as 2026-01-31 or 2026-01-31T08:00:00Z: {text!r}"
        return None


def _as_text(value: Any) -> str | None:
    """A label or a group may be a number or a truth value: their JSON spelling stands for them."""
    if isinstance(value, str):
        return value
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _refuse_bad_characters(uri: str, line: int, column: str, text: str) -> None:
    if "\0" in text:
        raise broken(uri, line, f"{column!r} contains a NUL character")
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise broken(uri, line, f"{column!r} contains half a surrogate pair, which is not text") from None
