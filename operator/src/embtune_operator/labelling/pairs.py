"""The pairs that `embtune synthesize` wrote, each with the name that it has in a sheet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embtune_api.digest import digest_of
from embtune_api.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_LINE_BREAKS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}
"""Legal inside JSON strings, but somebody's reader would break a line at them."""


@dataclass(frozen=True)
class PairRow:
    values: dict[str, Any]
    """Of the file, whatever else is in it."""

    @property
    def query(self) -> str:
        return str(self.values["query"])

    @property
    def passage(self) -> str:
        return str(self.values["passage"])

    @property
    def score(self) -> float | None:
        score = self.values.get("score")
        return float(score) if isinstance(score, int | float) else None

    @property
    def name(self) -> str:
        """By query and passage; begins with a letter that no number has, or a spreadsheet would make one of 123e45."""
        return f"r{digest_of([self.query, self.passage])[:12]}"


def read_pairs(file: Path) -> dict[str, PairRow]:
    """By name, in the order of the file.

    Raises:
        InvalidInput: a line is not a JSON object with a query and a passage (`file:row`), or there is none.
    """
    try:
        lines = file.read_bytes().decode().split("\n")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{file}: not UTF-8 ({error.reason}). Give the pairs as embtune synthesize wrote them.") from None
    rows = [_row(file, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not rows:
        raise InvalidInput(f"{file}: there are no pairs in it. Make some with embtune synthesize.")
    return {row.name: row for row in rows}


def write_pairs(file: Path, rows: Iterable[dict[str, Any]]) -> None:
    """A new file. Raises InvalidInput: there is one already."""
    write_new(file, "".join(f"{json.dumps(row, ensure_ascii=False).translate(_LINE_BREAKS)}\n" for row in rows).encode())


def write_new(file: Path, data: bytes) -> None:
    """Raises InvalidInput: there is such a file already, or no such folder."""
    try:
        with file.open("xb") as stream:
            stream.write(data)
    except FileExistsError:
        raise InvalidInput(f"--out {file}: the file is there already, and nothing is overwritten: name another.") from None
    except FileNotFoundError:
        raise InvalidInput(f"--out {file}: there is no folder {file.parent}. Make it first.") from None
    except OSError:
        file.unlink(missing_ok=True)
        raise


def _row(file: Path, number: int, line: str) -> PairRow:
    try:
        values = json.loads(line)
    except ValueError:
        values = None
    texts = [values.get(name) for name in ("query", "passage")] if isinstance(values, dict) else [None]
    if not all(isinstance(text, str) and text.strip() for text in texts):
        raise InvalidInput(
            f"{file}:{number}: not a pair: a JSON object with a query and a passage is expected, as embtune synthesize writes it."
        )
    return PairRow(values)
