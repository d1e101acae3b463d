"""What losses with a teacher, and Matryoshka, are worth on real sets: with and without, everything else the same.

    make bench-losses     (PYTHONPATH=tests python -m bench.losses [--seeds 0 1] [--only WORD])

Every training starts from all-MiniLM-L6-v2. The interval is of 95 %, over seeds and groups of questions. Results go to
tests/bench/losses/result.json, and from there to docs/losses.md. Exit code 1: a promise is broken.
"""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console

from bench.losses.distillation import distillation
from bench.losses.languages import languages
from bench.losses.result import LOSSES, Result, as_cells
from bench.losses.short_vectors import short_vectors
from bench.machine import machine, use_cores
from bench.trainer.unmasked import alone

PARTS = {"MATRYOSHKA": short_vectors, "LANGUAGES": languages, "DISTILLATION": distillation}
console = Console()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1])
    parser.add_argument("--only", default="", help="parts whose name holds this; the result is printed and not kept")
    wanted = parser.parse_args()
    alone()
    use_cores()
    started, parts = time.monotonic(), {}
    for name, compare in PARTS.items():
        if wanted.only in name:
            parts[name] = list(compare(wanted.seeds))
            console.print(as_cells(parts[name]).for_terminal(name))
    minutes = round((time.monotonic() - started) / 60, 1)
    result = Result(**machine(), seeds=wanted.seeds, minutes=minutes, parts=parts)
    if not wanted.only:
        LOSSES.keep(result)
    return 0 if result.is_kept else 1


if __name__ == "__main__":
    sys.exit(main())
