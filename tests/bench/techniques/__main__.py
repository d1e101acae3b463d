"""What each technique is worth on two real sets: trained with and without it, everything else the same.

    make bench-techniques     (PYTHONPATH=tests python -m bench.techniques [--seeds 0 1 2] [--only WORD])

Every training starts from all-MiniLM-L6-v2 and is scored by ndcg@10 on queries whose groups it has not seen. The interval is
of 95 %, over seeds and groups of queries. Results go to tests/bench/techniques/result.json, and from there to
docs/techniques.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from rich.console import Console

from bench.machine import machine, use_cores
from bench.techniques.arms import ARMS, Arm
from bench.techniques.bounds import difference
from bench.techniques.result import TECHNIQUES, Outcome, Result
from bench.techniques.training import Prepared, Scored, continue_training, prepare, score, train
from bench.trainer.unmasked import alone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

console = Console()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", default="", help="arms whose name holds this; the result is printed and not kept")
    wanted = parser.parse_args()
    alone()
    use_cores()
    started = time.monotonic()
    memory = Memory(wanted.seeds)
    outcomes = [outcome_of(arm, memory) for arm in ARMS if wanted.only in arm.name]
    result = Result(**machine(), seeds=wanted.seeds, minutes=round((time.monotonic() - started) / 60, 1), outcomes=outcomes)
    console.print(result.tables()[""].for_terminal(f"ndcg@10, {result.seeds_told}, {result.minutes} minutes"))
    if not wanted.only:
        TECHNIQUES.keep(result)
    return 0


class Memory:
    """Trainings that are asked for twice are done once: several techniques start from the same job."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self._seeds = seeds
        self._scored: dict[tuple[str, bool], list[Scored]] = {}

    def trainings(self, prepared: Prepared, *, masked: bool = True) -> list[Scored]:
        """One a seed."""
        key = (prepared.digest, masked)
        if key not in self._scored:
            self._scored[key] = [score(train(prepared.records, seed, masked=masked), prepared.exam) for seed in self._seeds]
        return self._scored[key]

    def continued(self, prepared: Prepared) -> tuple[list[Scored], list[Scored]]:
        """Without and with replay, one a seed."""
        pairs = [continue_training(prepared, seed) for seed in self._seeds]
        return [without for without, _ in pairs], [with_it for _, with_it in pairs]


def outcome_of(arm: Arm, memory: Memory) -> Outcome:
    began = time.monotonic()
    without = with_it = prepared_for(arm, {})
    if arm.kind == "replay":
        plain, better = memory.continued(without)
    elif arm.kind == "masking":
        plain, better = memory.trainings(without, masked=False), memory.trainings(without)
    else:
        with_it = prepared_for(arm, arm.data)
        assert without.exam.queries == with_it.exam.queries, "both are asked the same"
        plain, better = memory.trainings(without), memory.trainings(with_it)
    found = difference(_values(better), _values(plain), plain[0].groups)
    console.print(f"{arm.name}: {found.value:+.4f} ({found.lower:+.4f} to {found.upper:+.4f}), {time.monotonic() - began:.0f} s")
    return Outcome(
        technique=arm.technique,
        data=arm.real.name,
        rows_without=len(without.records),
        rows_with=len(with_it.records),
        queries=len(without.exam.queries),
        groups=len(set(without.exam.groups)),
        without=float(_values(plain).mean()),
        with_it=float(_values(better).mean()),
        difference=found.value,
        lower=found.lower,
        upper=found.upper,
        tells=found.tells,
    )


def prepared_for(arm: Arm, technique: Mapping[str, Any]) -> Prepared:
    with tempfile.TemporaryDirectory() as folder:
        return prepare(Path(folder), arm.real.taken(), arm.real.data("rows.jsonl") | dict(technique))


def _values(scored: Sequence[Scored]) -> np.ndarray:
    return np.stack([each.values for each in scored])


if __name__ == "__main__":
    sys.exit(main())
