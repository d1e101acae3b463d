"""How long `prepare` takes for a million pairs, and how much memory.

    make bench-prepare       (PYTHONPATH=tests python -m bench.prepare [--rows 1000000])

Each run is a process of its own: the default checks, leakage and its near-duplicates among them, with and without near-duplicates
among the rows to train on, at N rows and at 2 N. Beside the wall time stands the processor's: promises on seconds are judged by
the processor's where others use the machine (--shared). `silent` is the longest time without a word of progress. Then the search
for near-duplicates beside datasketch's MinHash LSH. Exits 1 when a promise is broken.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.prepare.rival import by_embtune, by_minhash
from bench.prepare.workload import write_pairs
from embtune_trainer.prepare.normalise import normalise

RIVAL_ROWS = 20_000
SILENT = 60.0
"""seconds without progress, at most"""
TWICE = 2.2
"""times the seconds for twice the rows"""


@dataclass(frozen=True)
class Promise:
    """For a million rows."""

    name: str
    near_duplicates: str
    minutes: float
    gib: float


PROMISES = (
    Promise("exact checks, split and leakage", "Ignore", 5, 2),
    Promise("with near-duplicates among the rows", "Fix", 15, 4),
)


@dataclass(frozen=True)
class Run:
    rows: int
    wall: float
    cpu: float
    peak_mib: float
    silent: float
    findings: dict[str, int]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--shared", action="store_true", help="others use this machine: judge seconds by the processor's")
    asked = parser.parse_args()
    kept = True
    table = Table(title=f"prepare, {asked.rows} pairs and twice as many")
    for column in ("what", "rows", "wall s", "processor s", "peak MiB", "silent s", "near-duplicates", "promise", "kept"):
        table.add_column(column)
    with tempfile.TemporaryDirectory(prefix="embtune-bench-") as scratch:
        for promise in PROMISES:
            once, twice = (_measure(Path(scratch), rows, promise.near_duplicates) for rows in (asked.rows, 2 * asked.rows))
            seconds, more = (run.cpu if asked.shared else run.wall for run in (once, twice))
            small = seconds <= 60 * promise.minutes and once.peak_mib <= 1024 * promise.gib and once.silent <= SILENT
            linear = more <= TWICE * seconds
            told = f"≤ {promise.minutes:g} min, {promise.gib:g} GiB"
            table.add_row(promise.name, *_cells(once), told, _yes(small))
            table.add_row("", *_cells(twice), f"≤ {TWICE} ×: {more / seconds:.2f}", _yes(linear))
            kept &= small and linear
    Console(width=150).print(table)
    return 0 if kept & _beside_a_rival(asked.rows) else 1


def _measure(scratch: Path, rows: int, action: str) -> Run:
    pairs = scratch / f"{rows}.jsonl"
    if not pairs.exists():
        write_pairs(pairs, rows)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        command = [sys.executable, "-m", "bench.prepare.child", str(pairs), folder, action]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    run = Run(**json.loads(done.stdout))
    Console().print(f"{rows} rows, nearDuplicates: {action}: {run.cpu:.0f} processor seconds, {run.peak_mib:.0f} MiB")
    return run


def _beside_a_rival(rows: int) -> bool:
    """Every second question is looked for among the others."""
    count = min(rows, RIVAL_ROWS)
    with tempfile.TemporaryDirectory(prefix="embtune-bench-") as scratch:
        write_pairs(Path(scratch, "pairs.jsonl"), count)
        with Path(scratch, "pairs.jsonl").open(encoding="utf-8") as file:
            texts = [normalise(json.loads(line)["question"]) for line in islice(file, count)]
    indexed, looked_for = texts[::2], texts[1::2]
    theirs, ours = by_minhash(indexed, looked_for), by_embtune(indexed, looked_for)
    Console().print(
        f"near-duplicates of {len(looked_for)} questions among {len(indexed)}: embtune {ours.seconds:.1f} processor seconds, all "
        f"{len(ours.pairs)} found; datasketch MinHashLSH {theirs.seconds:.1f}, {len(theirs.pairs)} found; promise: faster, and "
        f"none missed"
    )
    return ours.seconds < theirs.seconds and ours.pairs >= theirs.pairs


def _cells(run: Run) -> list[str]:
    near = str(run.findings.get("near-duplicates", "not looked for"))
    return [str(run.rows), f"{run.wall:.0f}", f"{run.cpu:.0f}", f"{run.peak_mib:.0f}", f"{run.silent:.1f}", near]


def _yes(kept: bool) -> str:
    return "yes" if kept else "NO"


if __name__ == "__main__":
    sys.exit(main())
