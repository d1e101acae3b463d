"""Rows of the job's data sources, read and hashed once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path
from urllib.parse import unquote, urlsplit

from embtune_api.documents.prepare import ResolvedSource
from embtune_api.errors import InvalidInput, NotFound
from embtune_api.reports import Finding
from embtune_api.slices import Slice
from embtune_api.sources import DataSource
from embtune_api.split import Split
from embtune_trainer.prepare.archive import Archive
from embtune_trainer.prepare.claims import claim_content
from embtune_trainer.prepare.files import file_content
from embtune_trainer.prepare.findings import Hit, how_read, shorten
from embtune_trainer.prepare.hub import HubAway, read_data_file
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.records import read_records
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.taking import Taker
from embtune_trainer.prepare.telling import TOLD_EVERY, Tell, told_as, untold

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
    sources: list[DataSource],
    split: Split,
    folder: Path | None,
    outside: Outside,
    archive: Archive | None = None,
    tell: Tell = untold,
    slices: Sequence[Slice] = (),
) -> ReadData:
    """Read every source, in order.

    Args:
        slices: that rows keep their values of.
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
        told = told_as(tell, number / len(sources), (number + 1) / len(sources))
        read_source(source, content, revision, Taker(source, split, slices), data, archive, told)
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


def read_source(
    source: DataSource, content: bytes, revision: str | None, taker: Taker, into: ReadData, archive: Archive | None, tell: Tell
) -> None:
    """Add the rows of one file, whose bytes are `content`. Raises InvalidInput as `read_sources`."""
    characters = 0  # of texts: how far this is, roughly
    read_before, rows_before = into.rows_read, len(into.rows)
    found = read_records(source.uri, content, taker.wanted, source.header or ())
    for record in found.records:
        taken = taker.take(record)
        if isinstance(taken, Row):
            into.rows.append(taken)
        else:
            into.empty.append(taken)
        if into.rows_read % TOLD_EVERY == 0:
            characters += sum(len(row.anchor) + len(row.positive) for row in into.rows[-TOLD_EVERY:])
            tell(min(1.0, characters / len(content)), f"reading the data: {into.rows_read} rows")
    _refuse_missing_columns(source.uri, taker.wanted, found.columns)
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
