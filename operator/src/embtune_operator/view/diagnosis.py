"""What `embtune run --diagnose` shows: how far it is, what was seen, and what to change."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape
from rich.table import Table

from embtune_operator.view.console import result_console
from embtune_operator.view.counted import counted

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from embtune_api.diagnosis import Change, Consistency, DiagnosisProgress, Measured, OneBatch, RateSweep, ShortRun
    from embtune_operator.diagnose.verdict import Diagnosis

_BAR = 24
_BINS = 16


def progress() -> AbstractContextManager[Callable[[DiagnosisProgress], None]]:
    """A function that shows it on stderr."""
    return counted(lambda now: now.message, _line)


def _line(now: DiagnosisProgress) -> str:
    return f"Diagnosing {f'step {now.done} of {now.total}: ' if now.total else ''}{now.message}"


def print_diagnosis(diagnosis: Diagnosis) -> None:
    """What was measured, the rates, the gradient by layer, the verdict, and its causes in order."""
    console, seen = result_console(), diagnosis.measured
    console.print(
        f"{seen.taken} of {seen.rows} rows, batches of {seen.batch_size}, {seen.seconds:.0f} s; "
        f"{seen.tuned.share:.1%} of the weights learn\n"
    )
    table = Table("experiment", "what was seen", box=None, padding=(0, 2))
    for name, text in _experiments(seen, diagnosis.learning_rate):
        table.add_row(name, escape(text))
    console.print(table)
    if seen.sweep.points:
        console.print()
        console.print(_rates(seen.sweep, diagnosis.learning_rate))
    if seen.run.layers:
        console.print()
        console.print(_layers(seen.run))
    console.print()
    style = "green" if diagnosis.healthy else "red"
    console.print(f"[bold {style}]{escape(diagnosis.verdict)}[/]", soft_wrap=True)
    for number, cause in enumerate(diagnosis.causes, start=1):
        style = "red" if cause.wrong else "yellow"
        console.print(f"{number}. [{style}]{escape(cause.name)}[/]: {escape(cause.seen)}", soft_wrap=True)
        console.print(f"   → {escape(cause.change)}", soft_wrap=True)


def _experiments(seen: Measured, rate: float) -> list[tuple[str, str]]:
    return [
        ("encoder", _encoder(seen.consistency)),
        ("learning rates", _curve(seen.sweep)),
        ("", _place(seen.sweep, rate)),
        ("one batch", _one_batch(seen.one_batch)),
        ("the recipe", _change("rows trained on", seen.run.trained, seen.run)),
        ("", _change("other rows", seen.run.unseen, seen.run)),
    ]


def _encoder(seen: Consistency) -> str:
    if seen.shortest is None or seen.longest is None or seen.apart is None:
        return "vectors that are not finite"
    half = "not finite" if seen.half is None else f"cosine {seen.half:.5f}"
    norms = f"norms {seen.shortest:.3f} to {seen.longest:.3f}"
    return f"{norms}; encoded twice: {seen.apart:.1e} apart; fp16 against fp32: {half} at least"


def _curve(sweep: RateSweep) -> str:
    if sweep.steepest is None or sweep.lowest is None:
        return "the loss falls at no rate"
    apart = f", falls apart at {sweep.diverged:.1e}" if sweep.diverged else ""
    return f"the loss falls fastest at {sweep.steepest:.1e}, is lowest at {sweep.lowest:.1e}{apart}"


def _place(sweep: RateSweep, rate: float) -> str:
    if sweep.low is None or sweep.high is None:
        return f"the job's is {rate:.1e}"
    place = "below" if rate < sweep.low else "above" if rate > sweep.high else "within"
    return f"good for this job: {sweep.low:.1e} to {sweep.high:.1e}; its own {rate:.1e} lies {place}"


def _one_batch(one: OneBatch) -> str:
    return (
        f"{one.rows} rows by heart in {one.steps} steps: loss {one.start:.3f} → {one.reached:.3f}, floor {one.floor:.3f}: "
        f"{one.learnt:.0%} learnt"
    )


def _change(what: str, change: Change, run: ShortRun) -> str:
    after = "no number" if change.after is None else f"{change.after:.4g} ({-change.fell:+.1%})"
    return (
        f"{what} ({change.rows}): loss {change.before:.4g} → {after} in {run.steps} steps; edge {change.edge:+.3f}, then "
        f"{change.gained:+.3f} ± {change.error:.3f}"
    )


def _rates(sweep: RateSweep, rate: float) -> Table:
    """The loss by rate, in rows of several steps each; better is further to the right."""
    table = Table("rate", "loss, against the untrained model's", "", box=None, padding=(0, 2))
    size = max(1, -(-len(sweep.points) // _BINS))
    parts = [sweep.points[start : start + size] for start in range(0, len(sweep.points), size)]
    gains = [sum(point.gain for point in part) / len(part) for part in parts]
    largest = max((abs(gain) for gain in gains), default=0.0) or 1.0
    for number, (part, gain) in enumerate(zip(parts, gains, strict=True)):
        end = parts[number + 1][0].rate if number + 1 < len(parts) else float("inf")
        here = part[0].rate <= rate < end or (number == 0 and rate < part[0].rate)
        bar = ("█" if gain >= 0 else "░") * round(_BAR * abs(gain) / largest)
        table.add_row(f"{part[0].rate:.1e}", f"{-gain:+8.3f} {bar}", "← the job's" if here else "")
    return table


def _layers(run: ShortRun) -> Table:
    """Norm of the gradient by layer, at the first look and the last."""
    first, last = run.layers[0], run.layers[-1]
    table = Table("gradient of", f"norm at step {first.step}", f"at step {last.step}", box=None, padding=(0, 2))
    for name, norm in first.norms.items():
        table.add_row(name, f"{norm:.2e}", f"{last.norms.get(name, 0.0):.2e}")
    return table
