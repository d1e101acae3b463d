"""Progress of long work that counts what is done: a bar on a terminal, a line every few seconds elsewhere; on stderr."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING, Protocol, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LINE_EVERY = 5.0
"""Seconds between two lines of one message."""


class Counted(Protocol):
    @property
    def message(self) -> str: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int: ...


C = TypeVar("C", bound=Counted)


@contextlib.contextmanager
def counted(text: Callable[[C], str], line: Callable[[C], str]) -> Iterator[Callable[[C], None]]:
    """A function that shows how far it is.

    Args:
        text: what stands before the bar
        line: without a terminal
    """
    if not sys.stderr.isatty():
        yield _lines(line)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda now: bar.update(task, description=text(now), completed=now.done, total=now.total or None)


def _lines(line: Callable[[C], str]) -> Callable[[C], None]:
    said_at, said = float("-inf"), ""

    def show(now: C) -> None:
        nonlocal said_at, said
        if now.message != said or time.monotonic() - said_at >= LINE_EVERY:
            said_at, said = time.monotonic(), now.message
            click.echo(line(now), err=True)

    return show
