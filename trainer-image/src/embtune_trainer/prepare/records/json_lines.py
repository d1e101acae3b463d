"""Records of JSON lines: one object a line."""

import json
from collections.abc import Iterator
from typing import Any

from embtune_trainer.prepare.records.record import Record, Records, broken


def json_records(uri: str, lines: Iterator[str]) -> Records:
    columns: set[str] = set()
    return Records(_objects(uri, lines, columns), columns, [])


def _objects(uri: str, lines: Iterator[str], columns: set[str]) -> Iterator[Record]:
    for number, line in enumerate(lines, start=1):
        values = _object(uri, number, line) if line.strip() else {}
        columns.update(values)
        yield Record(number, values)


def _object(uri: str, number: int, line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        if number == 1 and line.startswith("["):
            raise broken(uri, 1, "the file begins as one JSON array; write one object a line (jq -c '.[]' does it)") from None
        raise broken(uri, number, f"not JSON: {error.msg} at character {error.colno}") from None
    except (ValueError, RecursionError) as error:
        raise broken(uri, number, f"not JSON that can be read: {error}") from None
    if not isinstance(value, dict):
        raise broken(uri, number, f"a JSON {_json_type(value)} where an object such as {{…}} is expected")
    return value


def _json_type(value: Any) -> str:
    return {list: "array", str: "string", bool: "true or false", type(None): "null"}.get(type(value), "number")
