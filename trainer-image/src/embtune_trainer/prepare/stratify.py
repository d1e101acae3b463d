"""Stratified: the side of each group, such that every stratum has its shares on every side, as near as whole groups allow.

What the line remembers stays. New groups come in the order of a hash of (seed, group), and each goes where its strata lack
most, in the manner of Sechidis, Tsoumakas, Vlahavas (On the stratification of multi-label data, ECML 2011); then single new
groups change sides for as long as that brings the shares nearer. How near they are is the sum, over strata and sides, of the
squared difference between the share that is and the share that should be. A stratum with so few rows that some side would
get less than one is no stratum of its own: such rows are divided together.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby

from embtune_api.split import Side, Split
from embtune_trainer.prepare.rows import Row

_RARE = None
"""The stratum of the rows whose own is too small."""
_ROUNDS = 10
"""Two or three are enough; the bound is there for data that nobody has thought of."""
_NOTHING = 1e-9
"""Improvements below this part of what a group weighs are rounding."""

Weights = tuple[tuple[str | None, float], ...]
"""Of a group: the strata of its rows, and its part of each stratum's rows."""


def group_key(group: str) -> str:
    """How a ledger names a group."""
    return hashlib.sha256(group.encode()).hexdigest()[:16]


def place_groups(rows: list[Row], split: Split, remembered: Mapping[str, Side]) -> dict[str, Side]:
    """The side of every group of `rows`, whatever their order.

    Args:
        remembered: sides that groups were given before, by `group_key`.
    """
    wanted = {side: share for side, share in split.shares.items() if share > 0}
    weights = _weights(rows, min(wanted.values()))
    order = sorted(weights, key=lambda group: _turn(group, split.seed))
    known = {group: remembered[key] for group in order if (key := group_key(group)) in remembered} if remembered else {}
    new = [group for group in order if group not in known]
    shares = _Shares(wanted, {stratum for parts in weights.values() for stratum, _ in parts})
    for group, side in known.items():
        shares.add(weights[group], side)
    placed: dict[str, Side] = {}
    for group in new:
        placed[group] = shares.nearest(weights[group])
        shares.add(weights[group], placed[group])
    for _ in range(_ROUNDS):
        if not _moved_nearer(placed, weights, shares):
            break
    return known | placed


def _moved_nearer(placed: dict[str, Side], weights: Mapping[str, Weights], shares: "_Shares") -> bool:
    """Give every placed group a chance to change sides. Returns whether one did."""
    moved = False
    for group, now in placed.items():
        shares.add(weights[group], now, -1)
        side = shares.nearest(weights[group], now)
        shares.add(weights[group], side)
        if side != now:
            placed[group] = side
            moved = True
    return moved


def _weights(rows: list[Row], least: float) -> dict[str, Weights]:
    """Of every group; `least` is the smallest share that a side should have."""
    counts = Counter((row.group, row.stratum or "") for row in _without_copies(rows))
    sizes: Counter[str] = Counter()
    for (_, stratum), count in counts.items():
        sizes[stratum] += count
    rare = {stratum for stratum, size in sizes.items() if size * least < 1 - _NOTHING}
    together = sum(sizes[stratum] for stratum in rare)
    weights: dict[str, Weights] = {}
    alike: dict[Weights, Weights] = {}  # a million groups of one row have few weights
    for group, keys in groupby(sorted(counts), key=lambda key: key[0]):
        parts: dict[str | None, float] = {}
        for key in keys:
            divided_as = _RARE if key[1] in rare else key[1]
            size = together if divided_as is _RARE else sizes[key[1]]
            parts[divided_as] = parts.get(divided_as, 0.0) + counts[key] / size
        found = tuple(parts.items())
        weights[group] = alike.setdefault(found, found)
    return weights


def _without_copies(rows: list[Row]) -> Iterable[Row]:
    """Of equal rows one: that of the first stratum in the order of their names."""
    distinct: dict[str, Row] = {}
    for row in rows:
        there = distinct.setdefault(row.content, row)
        if (row.stratum or "") < (there.stratum or ""):
            distinct[row.content] = row
    return distinct.values()


def _turn(group: str, seed: int) -> bytes:
    return hashlib.sha256(f"stratified\0{seed}\0{group}".encode()).digest()


class _Shares:
    """What each stratum has on each side beyond its share; negative where it lacks something."""

    def __init__(self, wanted: Mapping[Side, float], strata: Iterable[str | None]) -> None:
        self._sides = tuple(wanted)
        nothing_yet: dict[Side, float] = {"train": 0.0, "validation": 0.0, "test": 0.0}
        nothing_yet |= {side: -share for side, share in wanted.items()}
        self._beyond = {stratum: nothing_yet.copy() for stratum in strata}

    def add(self, weights: Weights, side: Side, sign: int = 1) -> None:
        """With the sign -1: take away."""
        for stratum, weight in weights:
            self._beyond[stratum][side] += sign * weight

    def nearest(self, weights: Weights, now: Side | None = None) -> Side:
        """The side that brings the shares nearest; the one where the group is `now`, unless another is better."""
        costs = dict.fromkeys(self._sides, 0.0)
        for stratum, weight in weights:
            beyond = self._beyond[stratum]
            for side in self._sides:
                costs[side] += weight * beyond[side]
        best = min(costs, key=costs.__getitem__)
        if now is None or costs[best] >= costs[now] - _NOTHING * sum(weight * weight for _, weight in weights):
            return now or best
        return best
