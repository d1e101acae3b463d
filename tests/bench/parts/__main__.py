"""Which part of the model learns: what each choice costs and brings, on tldr, beside a full fine-tune of the same rows.

    make bench-parts     (PYTHONPATH=tests python -m bench.parts [--seeds 0 1 2] [--only WORD])

Every training starts from all-MiniLM-L6-v2 and is scored by ndcg@10 on queries whose groups it has not seen. Results go to
tests/bench/parts/result.json, and from there to docs/parts.md. Exits 1 when old document vectors and the new encoder of queries
are not shown to be better than the base: the lower bound of the difference must be above 0.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from bench.machine import machine, use_cores
from bench.parts.arms import ARMS, FROZEN, FULL, Arm
from bench.parts.result import PARTS, Outcome, Result
from bench.parts.training import Trained, train_and_score, untouched
from bench.record import Bounded
from bench.techniques.bounds import difference
from bench.techniques.sets import TLDR
from bench.techniques.training import Prepared, Scored, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

console = Console()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument(
        "--only", default="", help="arms whose name holds this, and the full one; the result is printed, not kept"
    )
    wanted = parser.parse_args()
    use_cores()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="embtune-bench-") as folder:
        prepared = prepare(Path(folder), TLDR.taken(), TLDR.data("rows.jsonl"))
    base, arms = untouched(prepared), [arm for arm in ARMS if wanted.only in arm.name or arm.name == FULL]
    trained: dict[str, list[Trained]] = {arm.name: [] for arm in arms}
    outcomes: list[Outcome] = []
    for number, seed in enumerate(wanted.seeds, 1):  # seed after seed, so that a busy hour is no single arm's
        for arm in arms:
            trained[arm.name].append(one(arm, seed, prepared))
        outcomes = [outcome_of(arm, trained[arm.name], base, trained[FULL]) for arm in arms]
        minutes = round((time.monotonic() - started) / 60, 1)
        result = result_of(outcomes, wanted.seeds[:number], minutes, prepared, base, trained[FULL])
        told = f"{result.rows} pairs, {result.steps} steps, {result.seeds_told}; base {result.base:.4f}"
        console.print(result.tables()[""].for_terminal(told))
        if not wanted.only:  # kept after each seed: more seeds make it surer
            PARTS.keep(result)
    return verdict(outcomes)


def one(arm: Arm, seed: int, prepared: Prepared) -> Trained:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="embtune-bench-") as folder:
        trained = train_and_score(arm, seed, prepared, Path(folder))
    console.print(f"seed {seed}: {arm.name}, {time.monotonic() - began:.0f} s")
    return trained


def outcome_of(arm: Arm, trained: Sequence[Trained], base: Scored, full: Sequence[Trained]) -> Outcome:
    values = np.stack([each.values for each in trained])

    def over(other: np.ndarray) -> Bounded:
        found = difference(values, np.broadcast_to(other, values.shape), base.groups)
        return Bounded.model_validate(asdict(found))

    reports = [each.report for each in trained]
    return Outcome(
        name=arm.name,
        learning_rate=arm.learning_rate,
        trainable=reports[0].tuned.trainable,
        share=reports[0].tuned.share,
        seconds_a_step=min(report.seconds / report.total_steps for report in reports),
        peak_bytes=int(median(report.peak_memory_bytes for report in reports)),
        ndcg=float(values.mean()),
        over_base=over(base.values),
        over_full=None if arm.name == FULL else over(np.stack([each.values for each in full])),
    )


def result_of(
    outcomes: list[Outcome], seeds: list[int], minutes: float, prepared: Prepared, base: Scored, full: Sequence[Trained]
) -> Result:
    return Result(
        **machine(),
        seeds=seeds,
        minutes=minutes,
        rows=len(prepared.records),
        steps=full[0].report.total_steps,
        queries=len(prepared.exam.queries),
        groups=len(set(prepared.exam.groups)),
        base=float(base.values.mean()),
        outcomes=outcomes,
    )


def verdict(outcomes: Sequence[Outcome]) -> int:
    frozen = next((outcome for outcome in outcomes if outcome.name == FROZEN), None)
    if frozen is None:
        return 0
    kept = frozen.over_base.lower > 0
    found = f"{frozen.over_base.value:+.4f}, at least {frozen.over_base.lower:+.4f}"
    console.print(
        f"{'kept' if kept else 'BROKEN'}: old document vectors and the new encoder of queries are worth {found} over the base"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
