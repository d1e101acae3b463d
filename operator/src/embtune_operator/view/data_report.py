"""What `embtune data` shows: fits 80 columns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from embtune_operator.advice.proposal import estimated_tokens, text_columns

if TYPE_CHECKING:
    from embtune_api.base_look import BaseLook
    from embtune_api.look import ColumnLook
    from embtune_api.reports import DataReport, Finding
    from embtune_operator.advice.data import Looked
    from embtune_operator.advice.forecast import Curve
    from embtune_operator.advice.measured import Measured

_LABELS_SHOWN = 3


def print_data(looked: Looked) -> None:
    """Columns, lengths, labels, findings, sides, advice."""
    console = Console(highlight=False)
    console = console if console.is_terminal else Console(highlight=False, width=80)
    report = looked.report
    for file, guess in zip(looked.files, looked.guesses, strict=True):
        console.print(escape(f"{file.uri}: {file.rows} rows, read as {guess.columns.shape}: {guess}"))
        if file.header:
            console.print(escape(f"Its first line is data, so its columns are called {', '.join(file.header)}."))
    console.print(f"{report.rows_read} rows read, {report.rows_used} used\n")
    console.print(_lengths(looked))
    if looked.base:
        console.print(_tokens(looked.base))
    for line in _labels(looked):
        console.print(escape(line))
    console.print()
    for finding in report.findings:
        console.print(escape(_told(finding)))
        for example in finding.examples:
            console.print(escape(f"    {_shortly(example, looked)}"), no_wrap=True, overflow="ellipsis")
    if not report.findings:
        console.print("No findings.")
    console.print()
    console.print(_sides(report))
    if looked.measured:
        console.print()
        for line in _base(looked.measured):
            console.print(escape(line))
    if looked.curve:
        console.print()
        console.print(_curve(looked.curve))
    if looked.value:
        console.print("\nExpected value:")
        for step in looked.value.steps:
            console.print(escape(f"  {step}"))
    console.print(escape(f"\nPrompts: {looked.recipe.prompts}."))
    console.print(escape(f"Advice: {looked.advice}"))


def _base(base: Measured) -> list[str]:
    """What the base scores, beside words alone."""
    asked = f"{base.asked} of {base.asked_of}" if base.asked < base.asked_of else str(base.asked)
    among = f" asked for {base.passages} passages" if base.passages else ""
    words = f"; BM25 {base.lexical.value:.3f}" if base.lexical else ""
    lines = [
        f"Base {base.uri} on {asked} validation {'queries' if base.passages else 'pairs'}{among}:",
        f"  {base.metric} {base.score.value:.3f} (95 % bounds {base.score.lower:.3f}, {base.score.upper:.3f}){words}; "
        f"headroom {base.headroom:.3f}",
    ]
    if base.first_right is not None and base.among_ten is not None:
        lines.append(f"  first result right: {base.first_right:.1%} of queries; right among ten: {base.among_ten:.1%}")
    return lines


def _curve(curve: Curve) -> Table:
    """A line for each number of rows: the mean of its seeds, and what each seed had."""
    table = Table("rows trained on", curve.metric, "over the base", "of each seed", box=None, padding=(0, 2))
    table.add_row("0: the base", f"{curve.base.value:.3f}", "", "")
    for rows in sorted({point.rows for point in curve.points}):
        scores = [point.score.value for point in curve.points if point.rows == rows]
        mean = sum(scores) / len(scores)
        table.add_row(str(rows), f"{mean:.3f}", f"{mean - curve.base.value:+.3f}", ", ".join(f"{score:.3f}" for score in scores))
    forecast = curve.doubled
    table.add_row(
        f"{2 * curve.rows}: forecast", f"{mean + forecast.value:.3f}", "", f"{forecast.lower:+.3f} to {forecast.upper:+.3f} more"
    )
    return table


def _tokens(base: BaseLook) -> Table:
    reads = f"longer than {base.reads}" if base.reads else "cut"
    table = Table("side", "tokens p50", "p95", "max", reads, box=None, padding=(0, 2))
    for side in base.tokens:
        table.add_row(side.side, str(side.p50), str(side.p95), str(side.longest), f"{side.cut:.1%}")
    return table


def _lengths(looked: Looked) -> Table:
    table = Table("text", "words p50", "p95", "max", "tokens p95 (about)", box=None, padding=(0, 2))
    for file, guess in zip(looked.files, looked.guesses, strict=True):
        for column in text_columns(file, guess):
            words = (str(number) for number in (column.words_p50, column.words_p95, column.words_max))
            table.add_row(escape(column.name), *words, str(estimated_tokens(column)))
    return table


def _labels(looked: Looked) -> list[str]:
    return [
        _balance(column)
        for file, guess in zip(looked.files, looked.guesses, strict=True)
        for column in file.columns
        if column.name == guess.columns.label
    ]


def _balance(column: ColumnLook) -> str:
    most = column.values[0][1] if column.values else 0
    shown = ", ".join(f"{value} ({rows})" for value, rows in column.values[:_LABELS_SHOWN])
    ratio = f", {most / column.rarest:.0f} times the rarest ({column.rarest})" if column.rarest else ""
    return f"\n{column.distinct} labels in {column.name}; most frequent: {shown}; {most} rows{ratio}"


def _told(finding: Finding) -> str:
    return f"{finding.check} ({finding.rows} rows, {finding.action}): {finding.message}"


def _shortly(example: str, looked: Looked) -> str:
    """With the file's name for its path: the line has room for the text, too."""
    uri = next((file.uri for file in looked.files if example.startswith(f"{file.uri}:")), "")
    return f"{Path(uri).name}{example.removeprefix(uri)}"


def _sides(report: DataReport) -> Table:
    table = Table("side", "rows", "queries", "groups", box=None, padding=(0, 2))
    for name, side in report.split.sides.items():
        table.add_row(name, str(side.rows), str(side.queries), str(side.groups))
    return table
