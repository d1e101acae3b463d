"""`preset: Auto` beside the untouched base, and beside a grid of four recipes that somebody would try by hand.

    make bench-auto     (PYTHONPATH=tests python -m bench.auto [--seeds 0 1 2] [--only tldr])

1,500 rows each of three real sets, two epochs, from all-MiniLM-L6-v2, judged by ndcg@10 on queries of groups that were not
trained on. Promise: the preset beats the base (the interval of 95 % over seeds and groups lies above 0), and scores at most
0.01 less than the best of the grid. Exits 1 where it is broken. Results go to tests/bench/auto/result.json, and from there to
docs/auto.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from bench.auto.recipes import ROWS, SETS, Recipe, auto, grid
from bench.auto.result import AUTO, Outcome, Result
from bench.machine import machine, use_cores
from bench.record import Bounded
from bench.techniques.bounds import difference
from bench.techniques.training import Prepared, Scored, prepare, score, train
from bench.trainer.unmasked import alone
from bench.trainer.workload import BASE
from embtune_trainer.encoder import device_for, load_encoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.techniques.sets import RealSet

console = Console()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", default="", help="sets whose name holds this; the result is printed and not kept")
    asked = parser.parse_args()
    alone()
    use_cores()
    started = time.monotonic()
    outcomes = [outcome_of(real, length, asked.seeds) for real, length in SETS.values() if asked.only in real.name]
    result = Result(**machine(), seeds=asked.seeds, minutes=round((time.monotonic() - started) / 60, 1), outcomes=outcomes)
    console.print(result.tables()[""].for_terminal(f"ndcg@10, {result.seeds_told}, {result.minutes} minutes"))
    if not asked.only:
        AUTO.keep(result)
    return 0 if all(outcome.kept for outcome in outcomes) else 1


def outcome_of(real: RealSet, length: int, seeds: Sequence[int]) -> Outcome:
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(Path(folder), real.taken(), real.data("rows.jsonl"))
    assert len(prepared.records) >= ROWS, f"{real.name} has {len(prepared.records)} rows to train on: take more"
    base = score(load_encoder(BASE, device_for(0)), prepared.exam)
    by_recipe = {recipe.explicit: recipe for recipe in [*grid(length), auto(length)]}
    trained = {explicit: trainings(recipe, prepared, seeds) for explicit, recipe in by_recipe.items()}
    chosen = _values(trained[auto(length).explicit])
    more = difference(chosen, np.broadcast_to(base.values, chosen.shape), base.groups)
    return Outcome(
        data=real.name,
        queries=len(prepared.exam.queries),
        groups=len(set(prepared.exam.groups)),
        base=float(base.values.mean()),
        auto=float(chosen.mean()),
        grid={recipe.name: float(_values(trained[recipe.explicit]).mean()) for recipe in grid(length)},
        over_base=Bounded(value=more.value, lower=more.lower, upper=more.upper),
    )


def trainings(recipe: Recipe, prepared: Prepared, seeds: Sequence[int]) -> list[Scored]:
    """One a seed."""
    began = time.monotonic()
    records = prepared.records[:ROWS]
    scored = [score(train(records, seed, recipe=recipe.training), prepared.exam) for seed in seeds]
    console.print(f"{recipe.name}: {_values(scored).mean():.4f} on {len(records)} rows, {time.monotonic() - began:.0f} s")
    return scored


def _values(scored: Sequence[Scored]) -> np.ndarray:
    return np.stack([each.values for each in scored])


if __name__ == "__main__":
    sys.exit(main())
