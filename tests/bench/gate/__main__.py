"""How often the gate passes a model that is no better, and how often it finds one that is.

    make bench-gate     (PYTHONPATH=tests python -m bench.gate [--trials 2000])

Scores of two real models on tldr, all-MiniLM-L6-v2 and one tuned from it, are swapped group by group: then neither is better, and
every pass is a false one. With the difference added that judge/power.py hints at, 80 % should pass. Results go to
tests/bench/gate/result.json, and from there to docs/calibration.md. Exits 1 when a promise is broken.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console

from bench.gate.result import CALIBRATION, Result
from bench.gate.trials import GATE, judged, swapped
from bench.machine import machine
from bench.techniques.sets import TLDR, RealSet
from bench.techniques.training import prepare, score, train
from bench.trainer.unmasked import alone
from bench.trainer.workload import BASE
from embtune_operator.judge.bootstrap import resampled_means
from embtune_operator.judge.power import detectable, error_of_difference
from embtune_trainer.encoder import device_for, load_encoder

SET = replace(TLDR, rows=4000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--rows", type=int, default=SET.rows, help="of tldr; with other than the default the result is not kept")
    asked = parser.parse_args()
    alone()
    result = calibrate(replace(SET, rows=asked.rows), asked.trials)
    told = f"{result.trials} comparisons on {result.data}: {result.queries} queries in {result.groups} groups"
    Console(width=150).print(result.tables()[""].for_terminal(told))
    if asked.rows == SET.rows and asked.trials == parser.get_default("trials"):
        CALIBRATION.keep(result)
    broken = result.broken()
    Console().print(f"BROKEN: {'; '.join(broken)}" if broken else "kept: every promise")
    return 1 if broken else 0


def calibrate(real: RealSet, trials: int) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(Path(folder), real.taken(), real.data("rows.jsonl"))
    tuned = score(train(prepared.records, seed=0), prepared.exam)
    base = score(load_encoder(BASE, device_for(0)), prepared.exam)
    torch.set_num_threads(1)
    groups, count = base.groups, len(np.unique(base.groups))
    nulls = swapped(tuned.values, base.values, groups, trials)
    together, apart = judged(nulls, groups), judged(nulls, np.arange(len(groups)))
    hinted = detectable(float(np.mean([one.error for one in together])), count, count, GATE.confidence)
    of_base = float(resampled_means(base.values[:, None], groups).std())
    from_base = detectable(error_of_difference(of_base), count, count, GATE.confidence)
    return Result(
        **machine(),
        data=real.name,
        queries=len(groups),
        groups=count,
        base=float(base.values.mean()),
        tuned=float(tuned.values.mean()),
        trials=trials,
        false_passed=float(np.mean([one.passed for one in together])),
        false_rejected=float(np.mean([one.rejected for one in together])),
        ungrouped_passed=float(np.mean([one.passed for one in apart])),
        ungrouped_rejected=float(np.mean([one.rejected for one in apart])),
        hinted=hinted,
        power=float(np.mean([one.passed for one in judged([null.better_by(hinted) for null in nulls], groups)])),
        hinted_from_base=from_base,
        power_from_base=float(np.mean([one.passed for one in judged([null.better_by(from_base) for null in nulls], groups)])),
        alike=float(np.corrcoef(base.values, tuned.values)[0, 1]),
    )


if __name__ == "__main__":
    sys.exit(main())
