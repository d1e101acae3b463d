"""Records of delimited text, as people export it: csv, whatever its delimiter, and tsv."""

import csv
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from typing import Literal

from embtune_trainer.prepare.records.record import LONGEST_RECORD, Record, Records, Remark, broken, refuse_repeated

_NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_DELIMITERS = {"csv": (",", ";", "\t", "|"), "tsv": ("\t",)}
"""The first is the one that the name of the file promises."""
_LONGEST_HEADER = 50
"""lines"""


Kind = Literal["csv", "tsv"]


def delimited_records(uri: str, lines: Iterator[str], kind: Kind, wanted: Collection[str], header: Sequence[str] = ()) -> Records:
    """The rows below the header, which decides on the delimiter: no order of the rows can change it.

    Args:
        header: of a file that has none; then the delimiter is one that makes as many columns of the first line.

    Raises:
        InvalidInput: a header that names a column twice, or whose quotes do not close.
    """
    delimiter, rows = _split(uri, lines, kind, wanted, len(header))
    if header:
        refuse_repeated(f"{uri}: the job's header", header)
        names = list(header)
    else:
        names = _header(uri, *next(rows))
    promised = _DELIMITERS[kind][0]
    shows = "as their first line shows" if header else "as their header shows"
    remark = Remark("delimiter", f"are separated by {_NAMES[delimiter]}, not by {_NAMES[promised]}, {shows}")
    return Records(_records(uri, rows, names), {name for name in names if name}, [remark] if delimiter != promised else [])


def fields_of(uri: str, lines: Iterator[str], kind: Kind) -> list[str]:
    """Of the first line, whether they are names or data."""
    return next(_split(uri, lines, kind, (), 0)[1])[1]


def _split(
    uri: str, lines: Iterator[str], kind: Kind, wanted: Collection[str], columns: int
) -> tuple[str, Iterator[tuple[int, list[str]]]]:
    """The delimiter, and what it makes of the lines."""
    csv.field_size_limit(LONGEST_RECORD)
    skipped, first = _first_line(lines)
    head = [first, *islice(lines, _LONGEST_HEADER - 1)]
    delimiter = _delimiter(head, _DELIMITERS[kind], wanted, columns)
    return delimiter, _rows(uri, chain(head, lines), delimiter, skipped)


def _first_line(lines: Iterator[str]) -> tuple[int, str]:
    """How many blank lines come first, and the line after them. Blank lines at the end are gone already, so there is one."""
    return next((number, line) for number, line in enumerate(lines) if line.strip())


def _delimiter(head: list[str], candidates: tuple[str, ...], wanted: Collection[str], columns: int) -> str:
    """The one that makes a header with the wanted columns, or as many as there are; else the one that makes the most columns."""

    def fitness(delimiter: str) -> tuple[bool, int]:
        try:
            names = [name.strip() for name in next(csv.reader(head, delimiter=delimiter, strict=True))]
        except csv.Error:
            return False, 0
        return len(names) == columns if columns else set(wanted) <= set(names), len(names)

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
