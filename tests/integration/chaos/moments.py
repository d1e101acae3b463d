"""Moments at which a run is killed, drawn by seed."""

import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

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
    window: str | None = None

    def __str__(self) -> str:
        where = f"half-done-{self.window}" if self.window else f"in-{self.phase}"
        return f"{self.job}-job-{where}-seed-{self.seed}".replace(" ", "-")

    @property
    def random(self) -> random.Random:
        return random.Random(f"{self.seed}")

    def kill(self, nursery: Nursery, job: JobFile, store: Path, reference: Reference) -> Run:
        """Start the job on `store`, and `kill -9` the whole tree at this moment."""
        return self._by_the_clock(nursery, job, store, reference) if self.phase else self._in_window(nursery, job, store, reference)

    def _by_the_clock(self, nursery: Nursery, job: JobFile, store: Path, reference: Reference) -> Run:
        assert self.phase
        begin, end = reference.span(self.phase)
        run = job.start(nursery, store)
        if self.phase != "start":
            begun = store / reference.first_change(self.phase).key
            wait_until(lambda: begun.exists() or run.ended)
        time.sleep(self.random.uniform(0, end - begin))
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


BY_THE_CLOCK: dict[Which, tuple[Phase, ...]] = {
    "first": ("start", "prepare", "prepare", "train", "train", "train", "evaluate", "publish", "release", "release"),
    "second": ("prepare", "train", "train", "train", "evaluate", "evaluate", "publish", "publish", "release", "release"),
}
IN_WINDOWS: dict[Which, tuple[str, ...]] = {
    "first": ("exam", "prepare outputs", "checkpoint", "checkpoint", "train outputs", "results", "version", "release"),
    "second": ("checkpoint", "train outputs", "results", "version", "version", "published", "release"),
}


def all_moments() -> list[Moment]:
    """Seeds are the numbers of the list: each case can be repeated alone."""
    drawn = [(job, phase, None) for job, phases in BY_THE_CLOCK.items() for phase in phases]
    aimed = [(job, None, window) for job, windows in IN_WINDOWS.items() for window in windows]
    return [Moment(seed, job, phase, window) for seed, (job, phase, window) in enumerate([*drawn, *aimed])]
