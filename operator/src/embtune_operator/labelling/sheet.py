"""A sheet for people: csv that any spreadsheet opens, and what comes back of it.

Texts are other people's: one that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection),
which is taken away again. Spreadsheets of some countries write semicolons, and cells hold 32,767 characters at most.
"""

from __future__ import annotations

import csv
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from embtune_operator.labelling.pairs import PairRow

COLUMNS = ("query", "passage", "score", "accept", "note", "row")
LONGEST_CELL = 8_000
"""characters of a passage that are shown"""
CUT = " […]"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_YES = frozenset({"yes", "y", "x", "1", "1.0", "true", "ok", "ja", "✓"})
_NO = frozenset({"no", "n", "0", "0.0", "false", "nein"})
_LONGEST_FIELD = 16 * 2**20


@dataclass(frozen=True)
class SheetRow:
    """What came back."""

    line: int
    """In the file."""
    name: str
    """Of the pair."""
    query: str
    passage: str
    accept: bool | None
    """None: nobody looked at it."""
    note: str


def sheet_of(rows: Iterable[PairRow], sample: int | None) -> bytes:
    """The most doubtful first. A sample is one by chance, so that what people say of it holds for all."""
    chosen = sorted(rows, key=_chance)[:sample]
    chosen.sort(key=lambda row: (row.score is not None, row.score or 0.0, _chance(row)))
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in chosen:
        score = "" if row.score is None else f"{row.score:.4f}"
        writer.writerow([_harmless(row.query), _harmless(shown(row.passage)), score, "", "", row.name])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def shown(passage: str) -> str:
    """As much of it as a sheet has."""
    return passage if len(passage) <= LONGEST_CELL else passage[:LONGEST_CELL] + CUT


def read_sheet(file: Path) -> list[SheetRow]:
    """
    Raises:
        InvalidInput: it is not such a sheet, or a row of it says neither yes nor no (`file:row`).
    """
    text = _text(file)
    header, records = _records(file, text)
    missing = [name for name in ("query", "passage", "accept", "row") if name not in header]
    if missing:
        raise InvalidInput(
            f"{file}:1: the sheet has no column {' and no column '.join(missing)}. Give the sheet that embtune review wrote, "
            f"with its first line as it was, saved as CSV UTF-8."
        )
    return [_sheet_row(file, line, record) for line, record in records]


def _sheet_row(file: Path, line: int, record: dict[str, str]) -> SheetRow:
    said = record["accept"].strip().casefold()
    if said and said not in _YES | _NO:
        raise InvalidInput(
            f"{file}:{line}: accept is {record['accept'].strip()[:40]!r}, which is neither yes (yes, x, 1) nor no (no, 0). "
            f"Correct it; what you want to say in words goes into note."
        )
    return SheetRow(
        line=line,
        name=record["row"].strip(),
        query=_as_meant(record["query"]),
        passage=_as_meant(record["passage"]),
        accept=said in _YES if said else None,
        note=record.get("note", "").strip(),
    )


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput(f"{file}: not UTF-8. In the spreadsheet, save it as CSV UTF-8.") from None


def _records(file: Path, text: str) -> tuple[list[str], Iterator[tuple[int, dict[str, str]]]]:
    """The header, and each row that is not blank with the line that it starts at."""
    csv.field_size_limit(_LONGEST_FIELD)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=lambda mark: len(set(COLUMNS) & {name.strip(' "\r') for name in first.split(mark)}))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header = [name.strip() for name in next(reader, [])]

    def rows() -> Iterator[tuple[int, dict[str, str]]]:
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader, None)
            except csv.Error as error:
                raise InvalidInput(f"{file}:{line}: broken row: its quotes do not close ({error}). Correct that row.") from None
            if fields is None:
                return
            if any(field.strip() for field in fields):
                yield line, dict(zip(header, [*fields, *[""] * (len(header) - len(fields))], strict=False))

    return header, rows()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith((*_FORMULA, "'")) else text


def _as_meant(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith((*_FORMULA, "'")) else text


def _chance(row: PairRow) -> str:
    return hashlib.sha256(f"review\0{row.name}".encode()).hexdigest()
