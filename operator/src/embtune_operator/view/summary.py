"""The end of a job in words: what the data was, how the models did, what the gates said, what happened, what to try next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.markup import escape

from embtune_operator.judge.measure import CONFIDENCE
from embtune_operator.pipeline.conditions import find
from embtune_operator.registry.history import read_history
from embtune_operator.registry.versions import read_version
from embtune_operator.view.candidates import print_candidates, ranking_of
from embtune_operator.view.score_table import roles_of, score_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from embtune_api.documents.release import Release
    from embtune_api.keys import LineKeys
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import Condition
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store

_STYLES = {"Passed": "green", "Rejected": "red", "Inconclusive": "yellow"}


def print_summary(console: Console, job: FineTuneJob, line: LineKeys, store: Store) -> None:
    """Print the end of a job that has finished."""
    status = job.status
    assert status
    assert status.model_version
    history = read_history(store, line)
    version = read_version(store, line, status.model_version.version, history)
    console.print()
    for text in data_lines(version, find(status.conditions, "DataReady")):
        console.print(text)
    if (trained := find(status.conditions, "Trained")) and trained.reason == "Findings":
        console.print(f"[yellow]Training {escape(trained.message)}[/]", soft_wrap=True)
    if ranking := ranking_of(version.metadata):
        print_candidates(console, ranking, status.candidates)
    print_evaluation(console, version, line, store)
    console.print()
    promoted = find(status.conditions, "Promoted")
    console.print(f"[bold]{escape(_where(line, version, history, promoted))}[/]")
    console.print(f"It lies at {escape(f'{shown_store(store)}/{line.version(version.number).root}')}", soft_wrap=True)
    console.print(escape(_page(line, version, store)), soft_wrap=True)
    console.print(escape(_next(line, version, store)), soft_wrap=True)


def print_evaluation(console: Console, version: Version, line: LineKeys, store: Store) -> None:
    """The table, a line for each gate, and the verdict: all of them of the version's last judgement."""
    verdict = version.evaluation.verdict
    console.print()
    console.print(score_table(roles_of(store, line, version)))
    console.print(f"[dim]in brackets: one-sided {CONFIDENCE:.0%} bounds, bootstrap over groups[/]")
    console.print()
    for gate in verdict.gates:
        console.print(f"[{_STYLES[gate.outcome]}]{escape(gate.line)}[/]", soft_wrap=True)
    for hint in verdict.hints:
        console.print(f"[dim]{escape(hint)}[/]", soft_wrap=True)
    console.print(f"Verdict: [bold {_STYLES[verdict.outcome]}]{verdict.outcome}[/] – {escape(verdict.reason)}", soft_wrap=True)


def data_lines(version: Version, prepared: Condition | None = None) -> Sequence[str]:
    """Two lines on the data, one on each auxiliary set, and what was made of Auto; `prepared` knows more about the data than the
    version does."""
    data = version.metadata.training_data
    sources = ", ".join(f"{s['uri']} ({s['rows']:,} rows, sha256 {s['sha256'][:12]}…)" for s in data.get("sources", []))
    again = f" ({count:,} of them replayed)" if (count := data.get("replayed_rows")) else ""
    split = f"{data.get('train_rows', 0):,} rows to train on{again}, {data.get('validation_rows', 0):,} for validation"
    told = prepared.message if prepared else split
    beside = [f"{one['rows']:,} rows of {one['name']} with {one['loss']['name']}" for one in data.get("auxiliary", [])]
    lines = [
        f"Data   {escape(sources)}",
        f"       {escape(told)}; exam {version.evaluation.exam[:12]}…",
        *(f"       beside them {one}" for one in beside),
    ]
    return [*lines, f"Recipe {_recipe(training)}"] if (training := version.metadata.training_config) else lines


def _recipe(training: dict[str, Any]) -> str:
    epochs = f"{training['epochs']} {'epoch' if training['epochs'] == 1 else 'epochs'}"
    name, size, rate = training["loss"]["name"], training["batchSize"], training["learningRate"]
    return f"{name}, {epochs}, batch size {size}, learning rate {rate:g}"


def _where(line: LineKeys, version: Version, history: Sequence[Release], promoted: Condition | None) -> str:
    """Where the version is now, which need not be where its job brought it."""
    name, production = f"{line.model} v{version.number}", history[-1].production if history else None
    now = f"v{production.version}" if production else "nothing"
    if version.stage == "Production":
        return f"{name} is in production"
    if version.stage == "RolledBack":
        return f"{name} was rolled back; {now} is in production"
    if version.stage == "Archived":
        return f"{name} was in production; {now} is now"
    return promoted.message if promoted else name


def _page(line: LineKeys, version: Version, store: Store) -> str:
    options = f"--store {shown_store(store)} --namespace {line.namespace}"
    return f"On one page, with what was won and lost: embtune report {line.model}@{version.number} {options}"


def _next(line: LineKeys, version: Version, store: Store) -> str:
    """The command that a user is likely to want, as it works now."""
    options = f"--store {shown_store(store)} --namespace {line.namespace}"
    promote = f"embtune promote {line.model}@{version.number}"
    if version.stage == "Production":
        return f"Next: embtune pull {line.model}@production ./{line.model} {options}"
    if version.needs_force:
        return f"To promote it all the same: {promote} --force --reason '…' {options}"
    return f"{'To go back to it' if version.stage == 'Archived' else 'Next'}: {promote} --reason '…' {options}"


def shown_store(store: Store) -> str:
    """The store as the user would write it: a folder below this one by its relative path."""
    folder = Path(store.uri)
    return str(folder.relative_to(Path.cwd())) if folder.is_relative_to(Path.cwd()) else store.uri
