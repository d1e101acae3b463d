"""Plain tables on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def result_console() -> Console:
    """Plain text, wide enough for the tables, where stdout is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=140)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table of texts as they are, without lines."""
    table = Table(*columns, box=None, padding=(0, 2))
    for row in rows:
        table.add_row(*map(escape, row))
    result_console().print(table)
