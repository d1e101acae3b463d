"""Views of a running job: a live one for a terminal, lines for anything else."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from embtune_api.status import FineTuneJobStatus, Progress

if TYPE_CHECKING:
    from typing import Self

    from rich.console import RenderableType

    from embtune_api.status import Phase
    from embtune_operator.cluster import Event

_LINE_EVERY = 5.0
"""Seconds between two lines of the same step."""
_STEPS: dict[str, Phase] = {"prepare": "Preparing", "train": "Training", "evaluate": "Evaluating", "publish": "Publishing"}
_PHASES = list(_STEPS.values())
_NOTED = frozenset(
    {"CandidateFailed", "CandidateSkipped", "CandidateTrained", "ChampionChanged", "Picked", "Retried", "Stopping"}
)
"""Events that the picture of the steps does not show."""


class View(Protocol):
    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def show(self, status: FineTuneJobStatus) -> None: ...
    def tell(self, event: Event) -> None: ...


def progress_view() -> View:
    """The view that fits stderr; stdout is for results."""
    console = Console(stderr=True)
    return LiveView(console) if console.is_terminal else LineView()


class LineView:
    """A line when something happens, and one every few seconds while a step works."""

    def __init__(self) -> None:
        self._last = ("", "")
        self._at = float("-inf")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, status: FineTuneJobStatus) -> None:
        line = (status.phase, status.progress.text if status.progress else "")
        if not line[1] or line == self._last or time.monotonic() - self._at < _LINE_EVERY:
            return
        self._last, self._at = line, time.monotonic()
        percent = f"{status.progress.percent:3.0f} %" if status.progress else ""
        _print(f"{status.phase:<10} {percent} {line[1]}")

    def tell(self, event: Event) -> None:
        if not event.failure:  # the command's last word is that paragraph
            _print(event.message)


class LiveView:
    """The steps as they go, redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=8, transient=False)
        self._notes: list[str] = []
        self._status = FineTuneJobStatus()

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.__exit__(None, None, None)

    def show(self, status: FineTuneJobStatus) -> None:
        self._status = status
        self._draw()

    def tell(self, event: Event) -> None:
        if event.reason in _NOTED:
            self._notes.append(event.message)
            self._draw()

    def _draw(self) -> None:
        self._live.update(Group(steps(self._status), *(Text(note, style="yellow") for note in self._notes)), refresh=True)


def steps(status: FineTuneJobStatus) -> Table:
    """The four steps, one below the other, with a bar for the one at work."""
    table = Table.grid(padding=(0, 2))
    for step, phase in _STEPS.items():
        table.add_row(*_row(status, step, phase))
    return table


def _row(status: FineTuneJobStatus, step: str, phase: Phase) -> tuple[RenderableType, ...]:
    if status.phase == "Failed":
        ended = [a for a in status.attempts if a.step == step]
        mark = "[red]✗[/]" if ended and ended[-1].state == "Failed" else "[green]✓[/]" if ended else "[dim]○[/]"
        return mark, step, "", ""
    now = len(_PHASES) if status.phase == "Succeeded" else _PHASES.index(phase_of(status))
    if _PHASES.index(phase) < now:
        return "[green]✓[/]", step, "", f"[dim]{_took(status, step)}[/]"
    if _PHASES.index(phase) > now:
        return "[dim]○[/]", f"[dim]{step}[/]", "", ""
    progress = status.progress or Progress()
    return "[cyan]●[/]", step, ProgressBar(total=100, completed=progress.percent, width=30), progress.text


def _took(status: FineTuneJobStatus, step: str) -> str:
    done = [a for a in status.attempts if a.step == step and a.started_at and a.finished_at]
    if not done or done[-1].started_at is None or done[-1].finished_at is None:
        return "done before"
    return f"{(done[-1].finished_at - done[-1].started_at).total_seconds():.1f} s"


def phase_of(status: FineTuneJobStatus) -> Phase:
    """The phase of the step that is at work, or waits for room or leave to work; a job that has not begun is preparing."""
    if status.phase in _PHASES:
        return status.phase
    active = [attempt for attempt in status.attempts if attempt.state in ("Queued", "Running")]
    newest = [*status.attempts[-1:], *active[-1:]]
    return _STEPS[newest[-1].step] if newest else "Preparing"


def _print(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201
