"""Rows of the job's data sources, read and hashed once."""

import hashlib
import json
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from embtune_api.documents import ResolvedSource
from embtune_api.errors import InvalidInput, NotFound
from embtune_api.reports import Finding
from embtune_api.sources import DataSource
from embtune_api.split import Split
from embtune_trainer.prepare.archive import Archive
from embtune_trainer.prepare.claims import claim_content
from embtune_trainer.prepare.files import file_content
from embtune_trainer.prepare.findings import Hit, how_read, shorten
from embtune_trainer.prepare.hub import HubAway, read_data_file
from embtune_trainer.prepare.mapping import read_score, row_of, text_columns
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.own_side import own_side, read_time
from embtune_trainer.prepare.records import Record, broken, read_records
from embtune_trainer.prepare.rows import Row

_LONGEST_TEXT = 1_000_000
"""characters; a book. No model reads on that far, and the checks of a few such rows would take as long as all others"""
_NAMED_COLUMNS = 20
"""in an error"""


@dataclass
class ReadData:
    """What the sources hold, before any check."""

    sources: list[ResolvedSource] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    empty: list[Hit] = field(default_factory=list)
    """Rows in which a mapped column is missing, blank, too long or not a text, or the time is none; they are not in `rows`."""
    findings: list[Finding] = field(default_factory=list)
    """Files that had to be read in another way than their names say."""

    @property
    def rows_read(self) -> int:
        return len(self.rows) + len(self.empty)


def read_sources(
    sources: list[DataSource], split: Split, folder: Path | None, outside: Outside, archive: Archive | None = None
) -> ReadData:
    """Read every source, in order.

    Args:
        archive: where a copy of each is kept, once it has been read to its end; None: nowhere.

    Raises:
        InvalidInput: a source that is not there, lacks a column, or has a broken row or one on a side that nobody knows
            (`file:row`); labels for some sources only.
    """
    labelled = [source.columns.label is not None for source in sources]
    if any(labelled) and not all(labelled):
        raise InvalidInput(
            f"data.train[{labelled.index(False)}].columns: no label is mapped, but other sources map one. "
            f"Map a label for every source, or for none."
        )
    data = ReadData()
    for number, source in enumerate(sources):
        field_path = f"data.train[{number}]"
        content, revision = content_at(source, folder, field_path, outside)
        _read_source(source, content, revision, split, data, archive)
    return data


def local_path(uri: str, folder: Path | None, field_path: str) -> Path:
    """The file or folder that a local `uri` means: `file:///…`, absolute, or relative to the job's folder.

    Raises:
        InvalidInput: in a cluster (no folder), where local paths mean nothing.
    """
    if folder is None:
        raise InvalidInput(
            f"{field_path}.uri: {uri} is a path of somebody's machine, which a step in a cluster cannot see. "
            f"Upload it to the object store and give its s3://bucket/key."
        )
    return folder / (unquote(urlsplit(uri).path) if uri.startswith("file://") else uri)


def _read_source(
    source: DataSource, content: bytes, revision: str | None, split: Split, into: ReadData, archive: Archive | None
) -> None:
    wanted = _wanted_columns(source, split)
    read_before, rows_before = into.rows_read, len(into.rows)
    found = read_records(source.uri, content, wanted, source.header or ())
    for record in found.records:
        _take(record, source, split, wanted, into)
    _refuse_missing_columns(source.uri, wanted, found.columns)
    into.findings += how_read(source.uri, found.remarks, into.rows[rows_before:])
    into.sources.append(
        ResolvedSource(
            uri=source.uri,
            revision=revision,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
            rows=into.rows_read - read_before,
            columns=source.columns,
            archived=archive.keep(content).key if archive else None,
            weight=source.weight,
            language=source.language,
        )
    )


def _wanted_columns(source: DataSource, split: Split) -> dict[str, str]:
    """Column → the field of the spec that asks for it."""
    mapped = source.columns.model_dump(exclude_none=True)
    asked = {
        "split.groupBy": split.group_by,
        "split.stratifyBy": split.stratify_by,
        "split.timeColumn": split.time_column,
        "split.splitColumn": split.split_column,
    }
    wanted = {column: f"columns.{name}" for name, column in mapped.items()}
    return wanted | {column: field for field, column in asked.items() if column is not None}


def _refuse_missing_columns(uri: str, wanted: dict[str, str], columns: set[str]) -> None:
    missing = [f"{column!r} ({field})" for column, field in wanted.items() if column not in columns]
    if missing:
        named = [_printable(column) for column in nsmallest(_NAMED_COLUMNS, columns)]
        there = ", ".join([*named, "…"] if len(columns) > len(named) else named) or "none"
        raise InvalidInput(
            f"{uri}: no column {', '.join(missing)}. The file has the columns: {there}. Name one of those in the job's data."
        )


def _printable(column: str) -> str:
    """JSON can spell names that no terminal can."""
    return shorten(column).encode(errors="backslashreplace").decode()


def _take(record: Record, source: DataSource, split: Split, wanted: dict[str, str], into: ReadData) -> None:
    """Append the record's row, or say why it is empty."""
    fault = _fault(record, source, wanted, split)
    if fault is not None:
        into.empty.append(Hit(f"{source.uri}:{record.line}", fault))
        return
    columns, values = source.columns, record.values
    texts = {column: _as_text(values[column]) or "" for column in wanted}
    for column, text in texts.items():
        _refuse_bad_characters(source.uri, record.line, column, text)
    group = None if split.group_by is None else texts[split.group_by]
    stratum = texts.get(split.stratify_by or columns.label or "") if split.method == "Stratified" else None
    try:
        side = own_side(texts, split)
    except ValueError as error:
        raise broken(source.uri, record.line, str(error)) from None
    timed = columns.time or split.time_column
    time = None if timed is None else read_time(texts[timed])
    into.rows.append(row_of(texts, source, record.line, group=group, stratum=stratum, side=side, time=time))


def _fault(record: Record, source: DataSource, wanted: dict[str, str], split: Split) -> str | None:
    """Why the record cannot be a row; None when it can."""
    if not record.values:
        return "blank line"
    embedded = text_columns(source.columns)
    for column in wanted:
        value = record.values.get(column)
        if column in embedded and value is not None and not isinstance(value, str):
            return f"{column!r} is not a text"
        text = _as_text(value)
        if text is None:
            return f"{column!r} is missing" if value is None else f"{column!r} is not a text"
        if not text.strip():
            return f"{column!r} is blank"
        if len(text) > _LONGEST_TEXT:
            return f"{column!r} has {len(text)} characters, more than {_LONGEST_TEXT}"
        if column == source.columns.score and read_score(value) is None:
            return f"{column!r} is no number: {text!r}"
        if column in (split.time_column, source.columns.time) and read_time(text) is None:
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
    try:
        text.encode()
    except UnicodeEncodeError:
        raise broken(uri, line, f"{column!r} contains half a surrogate pair, which is not text") from None


def content_of(uri: str, folder: Path, outside: Outside, field_path: str = "data.train[0]") -> bytes:
    """A file that no job names yet; `field_path` is what errors begin with. Raises InvalidInput as `read_sources` does."""
    return content_at(DataSource(uri=uri), folder, field_path, outside)[0]


def content_at(source: DataSource, folder: Path | None, field_path: str, outside: Outside) -> tuple[bytes, str | None]:
    """The bytes, and the commit of the hub that they are of; `field_path` of the spec asks for them.

    Raises:
        InvalidInput: they cannot be had.
    """
    if source.uri.startswith("s3://"):
        return _s3_content(source, field_path, outside), None
    if source.uri.startswith("hf://"):
        return _hub_content(source, field_path, outside)
    if source.uri.startswith("pvc://"):
        return claim_content(source.uri, outside.claims, field_path), None
    return _local_content(source.uri, folder, field_path), None


def _hub_content(source: DataSource, field_path: str, outside: Outside) -> tuple[bytes, str | None]:
    token = outside.hub_token(source.secret_ref, field_path)
    try:
        found = read_data_file(source.uri, token, outside.mirror, field_path)
    except HubAway as error:
        if outside.secrets is None:  # somebody waits for this run, and is told at once
            raise InvalidInput(str(error)) from None
        raise
    return found.content, found.revision


def _local_content(uri: str, folder: Path | None, field_path: str) -> bytes:
    if "://" in uri and not uri.startswith("file://"):
        raise InvalidInput(
            f"{field_path}.uri: {uri} cannot be read. "
            f"Give an s3://bucket/key, an hf://datasets/org/name/file, a pvc://claim/path, or a path in a local run."
        )
    path = local_path(uri, folder, field_path)
    return file_content(path, str(path), field_path, "Paths start at the job's folder.")


def _s3_content(source: DataSource, field_path: str, outside: Outside) -> bytes:
    try:
        with outside.bucket(source.uri, source.secret_ref, field_path) as (store, key):
            return store.get(key)
    except NotFound:
        raise InvalidInput(f"{field_path}.uri: there is no object {source.uri}. Check the bucket and the key.") from None
