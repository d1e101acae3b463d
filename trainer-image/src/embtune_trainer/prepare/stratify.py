"""Stratified: the side of each group, such that every stratum has its shares on every side, as near as whole groups allow.

What the line remembers stays. New groups come in the order of a hash of (seed, group), and each goes where its strata lack
most, in the manner of Sechidis, Tsoumakas, Vlahavas (On the stratification of multi-label data, ECML 2011); then single new
groups change sides for as long as that brings the shares nearer. How near they are is the sum, over strata and sides, of the
squared difference between the share that is and the share that should be. A stratum with so few rows that some side would
get less than one is no stratum of its own: such rows are divided together.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Mapping

from embtune_api.split import Side, Split
from embtune_trainer.prepare.rows import Row

_RARE = None
"""The stratum of the rows whose own is too small."""
_ROUNDS = 10
"""Two or three are enough; the bound is there for data that nobody has thought of."""
_NOTHING = 1e-9
"""Improvements below this part of what a group weighs are rounding."""

Weights = Mapping[str | None, float]
"""Of a group: stratum → its part of the stratum's rows."""


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
    shares = _Shares(wanted)
    placed: dict[str, Side] = {}
    for group in order:
        known = remembered.get(group_key(group))
        if known is not None:
            placed[group] = known
            shares.add(weights[group], known)
    new = [group for group in order if group not in placed]
    for group in new:
        placed[group] = shares.nearest(weights[group])
        shares.add(weights[group], placed[group])
    for _ in range(_ROUNDS):
        if not _moved_nearer(new, weights, placed, shares):
            break
    return placed


def _moved_nearer(new: list[str], weights: Mapping[str, Weights], placed: dict[str, Side], shares: "_Shares") -> bool:
    """Give every new group a chance to change sides. Returns whether one did."""
    moved = False
    for group in new:
        shares.remove(weights[group], placed[group])
        side = shares.nearest(weights[group], now=placed[group])
        moved |= side != placed[group]
        placed[group] = side
        shares.add(weights[group], side)
    return moved


def _weights(rows: list[Row], least: float) -> dict[str, Weights]:
    """Of every group. Copies of a row count once; `least` is the smallest share that a side should have."""
    distinct = {(row.group, row.stratum or "", row.content) for row in rows}
    counts = Counter((group, stratum) for group, stratum, _ in distinct)
    sizes: Counter[str] = Counter()
    for (_, stratum), count in counts.items():
        sizes[stratum] += count
    rare = {stratum for stratum, size in sizes.items() if size * least < 1 - _NOTHING}
    together = sum(sizes[stratum] for stratum in rare)
    weights: dict[str, dict[str | None, float]] = defaultdict(lambda: defaultdict(float))
    for (group, stratum), count in sorted(counts.items()):
        own = stratum not in rare
        weights[group][stratum if own else _RARE] += count / (sizes[stratum] if own else together)
    return {group: dict(parts) for group, parts in weights.items()}


def _turn(group: str, seed: int) -> bytes:
    return hashlib.sha256(f"stratified\0{seed}\0{group}".encode()).digest()


class _Shares:
    """What each stratum has on each side beyond its share; negative where it lacks something."""

    def __init__(self, wanted: Mapping[Side, float]) -> None:
        self._sides = tuple(wanted)
        nothing_yet: dict[Side, float] = {"train": 0.0, "validation": 0.0, "test": 0.0}
        nothing_yet |= {side: -share for side, share in wanted.items()}
        self._beyond: dict[str | None, dict[Side, float]] = defaultdict(nothing_yet.copy)

    def add(self, weights: Weights, side: Side) -> None:
        for stratum, weight in weights.items():
            self._beyond[stratum][side] += weight

    def remove(self, weights: Weights, side: Side) -> None:
        for stratum, weight in weights.items():
            self._beyond[stratum][side] -= weight

    def nearest(self, weights: Weights, now: Side | None = None) -> Side:
        """The side that brings the shares nearest; the one where the group is `now`, unless another is better."""
        costs = {side: sum(weight * self._beyond[stratum][side] for stratum, weight in weights.items()) for side in self._sides}
        best = min(costs, key=costs.__getitem__)
        if now is None:
            return best
        noise = _NOTHING * sum(weight * weight for weight in weights.values())
        return best if costs[best] < costs[now] - noise else now
