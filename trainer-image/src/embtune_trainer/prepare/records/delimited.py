"""Records of delimited text, as people export it: csv, whatever its delimiter, and tsv."""

import csv
from collections.abc import Collection, Iterator
from itertools import chain, islice
from typing import Literal

from embtune_trainer.prepare.records.record import LONGEST_RECORD, Record, Records, Remark, broken, refuse_repeated

_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_DELIMITERS = {"csv": (",", ";", "\t", "|"), "tsv": ("\t",)}
"""The first is the one that the name of the file promises."""
_LONGEST_HEADER = 50
"""lines"""


def delimited_records(uri: str, lines: Iterator[str], kind: Literal["csv", "tsv"], wanted: Collection[str]) -> Records:
    """The rows below the header, which decides on the delimiter: no order of the rows can change it.

    Raises:
        InvalidInput: a header that names a column twice, or whose quotes do not close.
    """
    csv.field_size_limit(LONGEST_RECORD)
    skipped, first = _first_line(lines)
    head = [first, *islice(lines, _LONGEST_HEADER - 1)]
    delimiter = _delimiter(head, _DELIMITERS[kind], wanted)
    rows = _rows(uri, chain(head, lines), delimiter, skipped)
    line, fields = next(rows)
    header = _header(uri, line, fields)
    promised = _DELIMITERS[kind][0]
    remark = Remark("delimiter", f"are separated by {_NAMES[delimiter]}, not by {_NAMES[promised]}, as their header shows")
    return Records(_records(uri, rows, header), {name for name in header if name}, [remark] if delimiter != promised else [])


def _first_line(lines: Iterator[str]) -> tuple[int, str]:
    """How many blank lines come first, and the line after them. Blank lines at the end are gone already, so there is one."""
    return next((number, line) for number, line in enumerate(lines) if line.strip())


def _delimiter(head: list[str], candidates: tuple[str, ...], wanted: Collection[str]) -> str:
    """The one that makes a header with the wanted columns; else the one that makes the most columns."""

    def fitness(delimiter: str) -> tuple[bool, int]:
        try:
            names = [name.strip() for name in next(csv.reader(head, delimiter=delimiter, strict=True))]
        except csv.Error:
            return False, 0
        return set(wanted) <= set(names), len(names)

    return max(candidates, key=fitness)


def _rows(uri: str, lines: Iterator[str], delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    """Fields, with the line that they start at."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    start = skipped + 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise broken(uri, start, f"its quotes do not close as they should ({error})") from None
        yield start, fields
        start = skipped + reader.line_num + 1


def _header(uri: str, line: int, fields: list[str]) -> list[str]:
    """Names of the columns; empty where a column has none, as spreadsheets leave them."""
    names = [field.strip() for field in fields]
    refuse_repeated(f"{uri}:{line}: the header", [name for name in names if name])
    return names


def _records(uri: str, rows: Iterator[tuple[int, list[str]]], header: list[str]) -> Iterator[Record]:
    for line, fields in rows:
        if len(fields) <= 1 and not any(field.strip() for field in fields):
            yield Record(line, {})
        elif len(fields) != len(header):
            raise broken(uri, line, f"{len(fields)} fields where the header has {len(header)}")
        else:
            yield Record(line, {name: field for name, field in zip(header, fields, strict=True) if name})
