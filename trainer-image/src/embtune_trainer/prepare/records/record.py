"""A record, what is said of the file that it is in, and how broken ones are refused."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from embtune_api.errors import InvalidInput

LONGEST_RECORD = 16 * 2**20
"""characters; far more than any text that is embedded, so more means that a line break or a quote is missing"""


@dataclass(frozen=True)
class Record:
    line: int
    """In the file, from 1; the first line of a csv record that spans several; the number of the row in parquet."""
    values: dict[str, Any]
    """By column; empty for a blank line. A value of parquet that is neither a text, a number nor a truth value is its type."""


@dataclass(frozen=True)
class Remark:
    """How the file had to be read, where it does not say so itself."""

    check: str
    """encoding or delimiter"""
    message: str
    """Completes "<n> rows …"."""


@dataclass(frozen=True)
class Records:
    """What one file holds."""

    records: Iterator[Record]
    """In order; raises InvalidInput at the first broken one, as `file:row`."""
    columns: set[str]
    """Of the file; all of them once the records have been read."""
    remarks: list[Remark]


def broken(uri: str, line: int, what: str) -> InvalidInput:
    return InvalidInput(f"{uri}:{line}: broken row: {what}. Correct or delete that row.")


def refuse_repeated(who: str, columns: Iterable[str]) -> None:
    """Raises InvalidInput when `who`, such as "a.csv:1: the header", names a column twice."""
    name, times = next(iter(Counter(columns).most_common(1)), ("", 0))
    if times > 1:
        raise InvalidInput(f"{who} names column {name[:100]!r} {times} times. Rename all but one of them.")
