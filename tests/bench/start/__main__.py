"""How soon the command answers, and how soon a run computes.

    make bench-start

`embtune --help` and `embtune validate`: medians of whole processes, after a warm-up, beside the bare interpreter as the
floor; neither may import torch. `embtune run`: how long train and evaluate take to compute something, importing
included. Exits 1 when a promise is broken.
"""

import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bench.start.computing import measure

ROOT = Path(__file__).parents[3]
EMBTUNE = Path(sys.executable).with_name("embtune")
JOB = ROOT / "examples" / "tldr" / "job.yaml"
RUNS = 7
COMPUTES_WITHIN = 10.0
HEAVY = {"torch", "transformers", "sentence_transformers", "kubernetes", "kopf", "jinja2"}
PROMISES = {
    "embtune --help": ([str(EMBTUNE), "--help"], 0.3),
    "embtune validate job.yaml": ([str(EMBTUNE), "validate", str(JOB)], 0.5),
}


def main() -> int:
    table = Table(title=f"median of {RUNS} runs, warm")
    for column in ("command", "seconds", "promise", "× bare python", "heavy imports"):
        table.add_column(column)
    bare = seconds([sys.executable, "-c", "pass"])
    kept = True
    for name, (command, promise) in PROMISES.items():
        took, heavy = seconds(command), heavy_imports(command)
        kept &= took < promise and not heavy
        table.add_row(name, f"{took:.3f}", f"< {promise}", f"{took / bare:.1f}", ", ".join(heavy) or "none")
    Console().print(table)
    return 0 if kept & computes_soon() else 1


def computes_soon() -> bool:
    starts = measure()
    Console().print(
        f"embtune run: train has done its first step {starts.training:.1f} s after the data is prepared "
        f"({starts.from_command:.1f} s after the command), evaluate its first texts {starts.evaluation:.1f} s after the model is "
        f"trained; promise: < {COMPUTES_WITHIN:.0f} s each. Importing sentence-transformers alone takes {starts.importing:.1f} s"
    )
    return max(starts.training, starts.evaluation) < COMPUTES_WITHIN


def seconds(command: list[str]) -> float:
    """Median wall time of the command."""
    times = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        times.append(time.perf_counter() - started)
    return median(times[1:])


def heavy_imports(command: list[str]) -> list[str]:
    """Which of the heavy modules the command imports."""
    done = subprocess.run([sys.executable, "-X", "importtime", *command], check=True, capture_output=True, text=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    return sorted(HEAVY & imported)


if __name__ == "__main__":
    sys.exit(main())
