"""Rows that count more or less than once: whole copies of each, and of what is left over the rows that chance takes."""

from collections.abc import Sequence
from math import floor, fsum

from embtune_trainer.prepare.builders.turns import turn
from embtune_trainer.prepare.rows import Row


def copied(rows: Sequence[Row], times: Sequence[float], seed: int) -> list[Row]:
    """Each row as often as its number in `times` says; in all exactly as many as they add up to, rounded.

    At 2.3 a row is there twice, and three in ten such rows once more: those with the lowest hash of (seed, row), divided by
    the fraction where that differs from row to row (sequential Poisson sampling, Ohlsson 1998). So the order of the rows
    decides nothing, and rows that are appended turn few of these choices.
    """
    whole = [floor(number) for number in times]
    left = [number - full for number, full in zip(times, whole, strict=True)]
    more = floor(fsum(times) + 0.5) - sum(whole)
    if more:
        partly = [number for number, fraction in enumerate(left) if fraction > 0]
        for number in sorted(partly, key=lambda n: (_place(rows[n], seed) / left[n], rows[n].content))[:more]:
            whole[number] += 1
    return [row for row, number in zip(rows, whole, strict=True) for _ in range(number)]


def _place(row: Row, seed: int) -> int:
    return turn(seed, "copy", row.content)
