"""The end of a job in words: what the data was, how the models did, what the gates said, what happened, what to try next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from embtune_operator.pipeline.status import find
from embtune_operator.registry.history import read_history
from embtune_operator.registry.versions import read_version
from embtune_operator.view.score_table import CONFIDENCE, roles_of, score_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.keys import LineKeys
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import Condition
    from embtune_api.verdict import Verdict
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store

_STYLES = {"Passed": "green", "Rejected": "red", "Inconclusive": "yellow"}


def result_console() -> Console:
    """Plain text, wide enough for the table, where stdout is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=140)


def print_summary(console: Console, job: FineTuneJob, line: LineKeys, store: Store) -> None:
    """Print the end of a job that has finished."""
    status = job.status
    assert status
    assert status.verdict
    assert status.model_version
    version = read_version(store, line, status.model_version.version, read_history(store, line))
    console.print()
    for text in data_lines(version, find(status.conditions, "DataReady")):
        console.print(text)
    print_evaluation(console, version, status.verdict, line, store)
    console.print()
    promoted = find(status.conditions, "Promoted")
    name = f"{line.model} v{version.number}"
    happened = f"{name} is in production" if promoted and promoted.status == "True" else promoted.message if promoted else name
    console.print(f"[bold]{escape(happened)}[/]")
    console.print(f"It lies at {escape(f'{_shown(store)}/{line.version(version.number).root}')}", soft_wrap=True)
    console.print(f"Next: {escape(_next(line, version, store))}", soft_wrap=True)


def print_evaluation(console: Console, version: Version, verdict: Verdict, line: LineKeys, store: Store) -> None:
    """The table, a line for each gate, and the verdict."""
    console.print()
    console.print(score_table(roles_of(store, line, version)))
    console.print(f"[dim]in brackets: one-sided {CONFIDENCE:.0%} bounds, bootstrap over groups[/]")
    console.print()
    for gate in verdict.gates:
        console.print(f"[{_STYLES[gate.outcome]}]{escape(gate.line)}[/]", soft_wrap=True)
    console.print(f"Verdict: [bold {_STYLES[verdict.outcome]}]{verdict.outcome}[/] – {escape(verdict.reason)}", soft_wrap=True)


def data_lines(version: Version, prepared: Condition | None = None) -> Sequence[str]:
    """Two lines on the data; `prepared` knows more about it than the version does."""
    data = version.metadata.training_data
    sources = ", ".join(f"{s['uri']} ({s['rows']:,} rows, sha256 {s['sha256'][:12]}…)" for s in data.get("sources", []))
    split = f"{data.get('train_rows', 0):,} rows to train on, {data.get('validation_rows', 0):,} for validation"
    told = prepared.message if prepared else split
    return [f"Data   {escape(sources)}", f"       {escape(told)}; exam {version.evaluation.exam[:12]}…"]


def _next(line: LineKeys, version: Version, store: Store) -> str:
    options = f"--store {_shown(store)} --namespace {line.namespace}"
    if version.stage == "Rejected":
        return f"embtune show {line.model}@{version.number} {options}"
    if version.stage == "Production":
        return f"embtune pull {line.model}@production ./{line.model} {options}"
    return f"embtune promote {line.model}@{version.number} --reason '…' {options}"


def _shown(store: Store) -> str:
    """The store as the user would write it: a folder below this one by its relative path."""
    folder = Path(store.uri)
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else store.uri
