"""What `embtune synthesize` shows: how far it is, and what became of the queries."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from embtune_api.synthesis import Dropped, Synthesis, SynthesisProgress, SynthesisRequest

LINE_EVERY = 5.0
"""Seconds between two lines, where stderr is no terminal."""
_FAULTS: dict[Dropped, str] = {
    "short": "too short",
    "copied": "copied from the passage",
    "repeated": "the same query as another's",
    "score": "not good enough for the cross-encoder",
}


@contextlib.contextmanager
def progress() -> Iterator[Callable[[SynthesisProgress], None]]:
    """A function that shows it on stderr."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda now: bar.update(task, description=_text(now), completed=now.done, total=now.total or None)


def print_synthesis(answer: Synthesis, request: SynthesisRequest, out: Path, prices: tuple[float, float] | None) -> None:
    """Counts, the cost, and what to do next."""
    what = "queries" if request.writer.kind == "bm25" else "passages"
    for reason, rows in sorted(answer.left_out.items()):
        click.echo(f"{rows} rows are not used: {reason}")
    click.echo(f"{answer.done} of {answer.total} {what} by {answer.model}: {answer.pairs} pairs")
    for fault, pairs in sorted(answer.dropped.items()):
        click.echo(f"  {pairs} dropped: {_FAULTS[fault]}{f' ({request.min_score:g})' if fault == 'score' else ''}")
    if answer.unanswered:
        click.echo(f"  {answer.unanswered} {what} got no reply that can be read; the same command asks for them again")
    if answer.tokens.read or answer.tokens.written:
        click.echo(f"{answer.tokens.read} tokens read, {answer.tokens.written} written{_cost(answer, prices)}")
    click.echo(f"Wrote {answer.kept} pairs to {out}.")
    if not answer.finished:
        click.echo("Interrupted: the same command goes on from there.")
    elif answer.kept:
        click.echo(f"Next: embtune review {out} -o sheet.csv")
    else:
        click.echo("Nothing is left: look at the reasons above, and at the model and its --prompt.")


def _cost(answer: Synthesis, prices: tuple[float, float] | None) -> str:
    if prices is None:
        return ""
    return f", which cost {(answer.tokens.read * prices[0] + answer.tokens.written * prices[1]) / 1e6:.4f}"


def _lines() -> Callable[[SynthesisProgress], None]:
    said_at, said = float("-inf"), ""

    def show(now: SynthesisProgress) -> None:
        nonlocal said_at, said
        if now.message == said and time.monotonic() - said_at < LINE_EVERY:
            return
        said_at, said = time.monotonic(), now.message
        click.echo(f"{_text(now)}{f' {now.done}/{now.total}' if now.total else ''}", err=True)

    return show


def _text(now: SynthesisProgress) -> str:
    spent = f" · {now.tokens.read + now.tokens.written} tokens" if now.tokens.read or now.tokens.written else ""
    return f"{now.message}{spent}"
