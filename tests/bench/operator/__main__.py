"""The operator under load, beside a naive one and the training operator, in one run.

    make bench-operator       (PYTHONPATH=tests python -m bench.operator [--only running burst restart idle])

A real API server (etcd without fsync), a real MinIO, a node that computes nothing; all of it on this machine. Exits 1 when a
promise is broken.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.operator.contestants import EMBTUNE, NAIVE_OPERATOR, Contestant
from bench.operator.pace import pace
from bench.operator.scenes import Figures, burst, idle, restart, running_jobs
from bench.operator.training_operator import burst_of_pytorch_jobs

SCENES = ("running", "burst", "restart", "idle")


@dataclass(frozen=True)
class Row:
    figure: str
    words: str
    form: str
    least: float | None = None
    most: float | None = None

    @property
    def promise(self) -> str:
        if self.least is not None:
            return f"≥ {self.least:g}"
        return f"≤ {self.most:g}" if self.most is not None else ""

    def kept(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


ROWS = (
    Row("wait_p50", "step complete → next child, median (s)", ".2f"),
    Row("wait_p99", "… 99 of 100 (s)", ".2f", most=2.0),
    Row("wait_max", "… the longest (s)", ".2f"),
    Row("writes", "API writes a job", ".1f", most=15.0),
    Row("cpu", "processor seconds a job", ".2f"),
    Row("rate", "burst: jobs with a first child, per second", ".0f", least=40.0),
    Row("seconds", "… all of them after (s)", ".1f"),
    Row("told", "… and told so in their status after (s)", ".1f"),
    Row("accepted", "… submissions that the API server took, per second", ".0f"),
    Row("first_cpu", "… processor milliseconds a job", ".0f"),
    Row("pace_burst", "… at so many million steps of a Python loop a second", ".1f"),
    Row("caught_up", "after a restart: caught up (s)", ".1f", most=30.0),
    Row("megabytes", "… resident at most (MB)", ".0f", most=300.0),
    Row("idle_cpu", "idle: share of a core (%)", ".2f", most=1.0),
    Row("idle_writes", "… API writes but the Lease", ".0f", most=0.0),
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SCENES, default=SCENES)
    parser.add_argument("--without-rivals", action="store_true")
    parser.add_argument("--running", type=int, default=200, help="jobs that run at the same time")
    parser.add_argument("--burst", type=int, default=500, help="submissions at once")
    parser.add_argument("--resources", type=int, default=5000, help="that there are after a restart")
    parser.add_argument("--finished", type=int, default=1000, help="jobs while it idles")
    parser.add_argument("--idle-seconds", type=float, default=300.0)
    options = parser.parse_args()
    scenes: dict[str, Callable[[Contestant], Figures]] = {
        "running": lambda contestant: running_jobs(contestant, options.running),
        "burst": lambda contestant: burst(contestant, options.burst),
        "restart": lambda contestant: restart(contestant, options.resources, min(200, options.resources // 5)),
        "idle": lambda contestant: idle(contestant, options.finished, options.idle_seconds),
    }
    rivals = [] if options.without_rivals else [NAIVE_OPERATOR]
    figures = {contestant.name: play(contestant, scenes, options.only) for contestant in (EMBTUNE, *rivals)}
    if rivals and "burst" in options.only:
        print("training operator: burst …", file=sys.stderr)  # noqa: T201
        figures["training operator, pods"] = burst_of_pytorch_jobs(options.burst)
    return verdict(
        figures, f"{options.running} running, {options.burst} at once, {options.resources} there, {options.finished} idle"
    )


def play(contestant: Contestant, scenes: dict[str, Callable[[Contestant], Figures]], only: list[str]) -> Figures:
    figures: Figures = {}
    for name in only:
        before = pace()
        found = scenes[name](contestant)
        found[f"pace_{name}"] = (before + pace()) / 2
        said = ", ".join(f"{figure} {value:.2f}" for figure, value in found.items())
        print(f"{contestant.name}: {name}: {said}", file=sys.stderr)  # noqa: T201
        figures |= found
    return figures


def verdict(figures: dict[str, Figures], title: str) -> int:
    """Print the table; 0 when all promises are kept."""
    ours, *rivals = figures
    table = Table(title=title)
    for column in ("", "promise", *figures):
        table.add_column(column, justify="right" if column else "left")
    rows = [row for row in ROWS if row.figure in figures[ours]]
    for row in rows:
        own = figures[ours][row.figure]
        others = [beside(own, figures[rival].get(row.figure), row) for rival in rivals]
        table.add_row(row.words, row.promise, f"{own:{row.form}}", *others)
    Console().print(table)
    broken = [row.words for row in rows if not row.kept(figures[ours][row.figure])]
    Console().print(f"BROKEN: {'; '.join(broken)}" if broken else "kept")
    return 1 if broken else 0


def beside(own: float, other: float | None, row: Row) -> str:
    """The rival's figure, and how many times ours it is."""
    if other is None:
        return ""
    return f"{other:{row.form}}" + (f" (× {other / own:.2g})" if own else "")


if __name__ == "__main__":
    sys.exit(main())
