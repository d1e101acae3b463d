"""Searching and scoring supplied vectors: embtune beside sentence-transformers' InformationRetrievalEvaluator.

    make bench-search     (PYTHONPATH=tests python -m bench.search [--queries 10000] [--passages 100000])

Both get the same vectors (384 dimensions) and compute the same metrics down to rank 100, each in a process of its own on one
thread. Seconds are of the processor, since others may use the machine; peak memory is the process's, its imports and the vectors
included. Exits 1 when a promise is broken: at least 5 times as fast, under 4 GiB, equal numbers (map aside where more passages
are relevant than the cut-off: sentence-transformers divides by min(k, R)).
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from bench.search.workload import LIKELY_RELEVANT

FASTER, GIB, EQUAL = 5.0, 4.0, 1e-6


@dataclass(frozen=True)
class Measured:
    processor: float
    """seconds"""
    wall: float
    """seconds"""
    peak_gib: float
    metrics: dict[str, float]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--passages", type=int, default=100_000)
    asked = parser.parse_args()
    theirs, ours = (measured(side, asked.queries, asked.passages) for side in ("sentence-transformers", "embtune"))
    table = Table(title=f"{asked.queries} queries × {asked.passages} passages, one thread")
    for column in ("", "processor s", "wall s", "peak GiB", "ndcg@10"):
        table.add_column(column)
    for name, one in (("sentence-transformers' evaluator", theirs), ("embtune", ours)):
        table.add_row(name, f"{one.processor:.1f}", f"{one.wall:.1f}", f"{one.peak_gib:.2f}", f"{one.metrics['ndcg@10']:.6f}")
    console = Console(width=130)
    console.print(table)
    faster = theirs.processor / ours.processor
    apart = max(abs(ours.metrics[name] - value) for name, value in theirs.metrics.items() if is_comparable(name))
    kept = faster >= FASTER and ours.peak_gib < GIB and apart <= EQUAL
    console.print(
        f"{'kept' if kept else 'BROKEN'}: {faster:.1f} × as fast (at least {FASTER:g}), {ours.peak_gib:.2f} GiB (under {GIB:g}), "
        f"{len(theirs.metrics)} metrics at most {apart:.1e} apart ({EQUAL:g})"
    )
    return 0 if kept else 1


def measured(side: str, queries: int, passages: int) -> Measured:
    command = [sys.executable, "-m", "bench.search.child", side, str(queries), str(passages), "1"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | {"OMP_NUM_THREADS": "1"})
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def is_comparable(metric: str) -> bool:
    name, _, k = metric.partition("@")
    return name != "map" or int(k) >= LIKELY_RELEVANT


if __name__ == "__main__":
    sys.exit(main())
