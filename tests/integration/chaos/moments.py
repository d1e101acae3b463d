"""Moments at which a run is killed, drawn by seed."""

import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from integration.chaos.leftovers import Phase, half_done
from integration.chaos.world import LINE, JobFile, Reference
from support.nursery import Nursery, Run
from support.processes import wait_until
from support.turnstile import Turnstile

Which = Literal["first", "second"]
AIMS = 5
"""How often a window is aimed at: where a disk is very fast, two writes can pass the turnstile at once."""


@dataclass(frozen=True)
class Moment:
    """Somewhere in a phase, by the clock; or right after a write that leaves a commit half done."""

    seed: int
    job: Which
    phase: Phase | None = None
    part: tuple[int, int] = (0, 1)
    """Which of so many equal parts of the phase: several moments of one phase are spread over it."""
    window: str | None = None

    def __str__(self) -> str:
        where = f"half-done-{self.window}" if self.window else f"in-{self.phase}"
        return f"{self.job}-job-{where}-seed-{self.seed}".replace(" ", "-")

    @property
    def random(self) -> random.Random:
        return random.Random(f"{self.seed}")

    def kill(self, nursery: Nursery, job: JobFile, store: Path, reference: Reference) -> Run:
        """Start the job on `store`, and `kill -9` the whole tree at this moment."""
        return (
            self._by_the_clock(nursery, job, store, reference) if self.phase else self._in_window(nursery, job, store, reference)
        )

    def _by_the_clock(self, nursery: Nursery, job: JobFile, store: Path, reference: Reference) -> Run:
        assert self.phase
        begin, end = reference.span(self.phase)
        run = job.start(nursery, store)
        if self.phase != "start":
            begun = store / reference.first_change(self.phase).key
            wait_until(lambda: begun.exists() or run.ended)
        number, parts = self.part
        time.sleep((number + self.random.random()) / parts * (end - begin))
        run.kill()
        return run

    def _in_window(self, nursery: Nursery, job: JobFile, store: Path, reference: Reference) -> Run:
        assert self.window
        target = self.random.choice(reference.window(self.window))
        with Turnstile(store) as turnstile:
            run = job.start(nursery, store)
            for change in turnstile.changes(lambda: run.ended):
                if change == target:
                    run.kill()
        return run

    def was_hit(self, store: Path, job: JobFile) -> bool:
        return self.window is None or self.window in half_done(store, job.keys, LINE)


BY_THE_CLOCK: dict[Which, dict[Phase, int]] = {
    "first": {"start": 1, "prepare": 1, "train": 4, "evaluate": 1, "publish": 1, "release": 1},
    "second": {"prepare": 1, "train": 3, "evaluate": 1, "publish": 1, "release": 1},
}
"""How many moments in each phase."""
IN_WINDOWS: dict[Which, tuple[str, ...]] = {
    "first": ("exam", "checkpoint", "checkpoint", "train outputs", "results", "version", "release"),
    "second": ("checkpoint", "prepare outputs", "version", "published", "release"),
}


def all_moments() -> list[Moment]:
    """The seed is the place in the list: each case can be repeated alone."""
    by_the_clock: list[dict[str, Any]] = [
        {"job": job, "phase": phase, "part": (number, count)}
        for job, phases in BY_THE_CLOCK.items()
        for phase, count in phases.items()
        for number in range(count)
    ]
    in_windows: list[dict[str, Any]] = [
        {"job": job, "window": window} for job, windows in IN_WINDOWS.items() for window in windows
    ]
    return [Moment(seed, **drawn) for seed, drawn in enumerate([*by_the_clock, *in_windows])]
