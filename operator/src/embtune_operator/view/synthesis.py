"""What `embtune synthesize` shows: how far it is, and what became of the queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from embtune_operator.view.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from embtune_api.synthesis import Dropped, Synthesis, SynthesisProgress, SynthesisRequest

_FAULTS: dict[Dropped, str] = {
    "short": "too short",
    "copied": "copied from the passage",
    "repeated": "the same query as another's",
    "score": "not good enough for the cross-encoder",
}


def progress() -> AbstractContextManager[Callable[[SynthesisProgress], None]]:
    """A function that shows it on stderr."""
    return counted(_text, lambda now: f"{_text(now)}{f' {now.done}/{now.total}' if now.total else ''}")


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


def _text(now: SynthesisProgress) -> str:
    spent = f" · {now.tokens.read + now.tokens.written} tokens" if now.tokens.read or now.tokens.written else ""
    return f"{now.message}{spent}"
