"""Records of one file of jsonl, csv or tsv, with the line that each starts at."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from embtune_api.errors import InvalidInput

_BOM = b"\xef\xbb\xbf"
_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_LONGEST_FIELD = 2**31 - 1
"""characters; the csv module's own limit of 131,072 would refuse long documents"""


@dataclass(frozen=True)
class Record:
    line: int
    """In the file, from 1; the first line of a csv record that spans several."""
    values: dict[str, Any]
    """Empty for a blank line."""


def read_records(uri: str, data: bytes) -> Iterator[Record]:
    """The file's records in order; blank lines at its end do not count.

    Raises:
        InvalidInput: unknown file type, an empty file, or the first broken row as `file:row`.
    """
    data = data.removeprefix(_BOM)
    suffix = next((suffix for suffix in (".jsonl", ".ndjson", *_DELIMITERS) if uri.lower().endswith(suffix)), None)
    if suffix is None:
        raise InvalidInput(f"{uri}: not a file type that can be read. Give a .jsonl, .csv or .tsv file.")
    if not data.strip():
        raise InvalidInput(f"{uri}: the file is empty. Give a file with at least one row.")
    lines = _text_lines(uri, data)
    return _delimited(uri, lines, _DELIMITERS[suffix]) if suffix in _DELIMITERS else _json_lines(uri, lines)


def broken(uri: str, line: int, what: str) -> InvalidInput:
    return InvalidInput(f"{uri}:{line}: broken row: {what}. Correct or delete that row.")


def _text_lines(uri: str, data: bytes) -> list[str]:
    """Lines with their `\\n`; decoded one by one, so that a bad byte can be placed."""
    lines = []
    for number, raw in enumerate(data.rstrip().split(b"\n"), start=1):
        if b"\0" in raw:
            raise broken(uri, number, "it contains a NUL byte (is the file saved as UTF-16? save it as UTF-8)")
        try:
            lines.append(raw.decode() + "\n")
        except UnicodeDecodeError as error:
            raise broken(uri, number, f"byte {error.start + 1} of the line is not UTF-8; save the file as UTF-8") from None
    return lines


def _json_lines(uri: str, lines: list[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            yield Record(number, {})
            continue
        try:
            values = json.loads(line)
        except json.JSONDecodeError as error:
            raise broken(uri, number, f"not JSON: {error.msg} at character {error.colno}") from None
        except (ValueError, RecursionError) as error:
            raise broken(uri, number, f"not JSON that can be read: {error}") from None
        if not isinstance(values, dict):
            raise broken(uri, number, f"a JSON {_json_type(values)} where an object such as {{…}} is expected")
        yield Record(number, values)


def _delimited(uri: str, lines: list[str], delimiter: str) -> Iterator[Record]:
    csv.field_size_limit(_LONGEST_FIELD)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] | None = None
    start = 1
    while True:
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise broken(uri, start, f"its quotes do not close as they should ({error})") from None
        if header is None:
            header = _header(uri, start, fields)
        elif not any(field.strip() for field in fields) and len(fields) <= 1:
            yield Record(start, {})
        elif len(fields) != len(header):
            raise broken(uri, start, f"{len(fields)} fields where the header has {len(header)}")
        else:
            yield Record(start, dict(zip(header, fields, strict=True)))
        start = reader.line_num + 1


def _header(uri: str, line: int, fields: list[str]) -> list[str]:
    names = [field.strip() for field in fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"{uri}:{line}: the header names column {', '.join(map(repr, twice))} twice. Rename one of them.")
    return names


def _json_type(value: Any) -> str:
    return {list: "array", str: "string", bool: "true or false", type(None): "null"}.get(type(value), "number")
