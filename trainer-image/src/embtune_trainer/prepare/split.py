"""Which side of the split a row is on: by no method does it depend on what is appended later, so no row ever moves."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from embtune_api.split import Side, Split, SplitMethod
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.stratify import place_groups

SIDES: tuple[Side, ...] = ("test", "validation", "train")
"""What must stay unseen comes first."""
SideOf = Callable[[Row], Side]


@dataclass(frozen=True)
class Division:
    """Where each row of the data goes."""

    split: Split
    placed: Mapping[str, Side] = field(default_factory=dict)
    """Stratified: the side of each group; empty with the other methods, which need no memory."""

    def side(self, row: Row) -> Side:
        if row.side is not None:
            return row.side
        return self.placed[row.group] if self.split.method == "Stratified" else side_by_hash(row.group, self.split)


def make_division(rows: list[Row], split: Split, remembered: Mapping[str, Side]) -> Division:
    """The division of `rows`.

    Args:
        remembered: Stratified: the sides that groups were given before, by `group_key`.
    """
    return Division(split, place_groups(rows, split, remembered) if split.method == "Stratified" else {})


def split_rows(rows: Iterable[Row], side: SideOf) -> dict[Side, list[Row]]:
    sides: dict[Side, list[Row]] = {name: [] for name in SIDES}
    for row in rows:
        sides[side(row)].append(row)
    return sides


def side_by_hash(group: str, split: Split) -> Side:
    """Every group has its place in [0, 1): below `test` it is held out for a test, next comes validation."""
    digest = hashlib.sha256(f"{split.seed}\0{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    shares = split.shares
    if place < shares["test"]:
        return "test"
    return "validation" if place < shares["test"] + shares["validation"] else "train"


_MORE: dict[SplitMethod, dict[Side, str]] = {
    "Hash": {
        "test": "raise data.split.test, or group by a column with more values",
        "validation": "raise data.split.validation, or group by a column with more values",
        "train": "lower data.split.test, or group by a column with more values",
    },
    "Time": {
        "test": "set data.split.testFrom to an earlier time",
        "validation": "set data.split.validationFrom to an earlier time",
        "train": "set data.split.testFrom and validationFrom to later times",
    },
}


def how_to_get_more(side: Side, split: Split) -> str:
    """What to do about a side with too few rows. Completes "add rows, or …"."""
    if split.method == "Given":
        return f"say {side} in more rows of the column {split.split_column!r}"
    return _MORE["Time" if split.method == "Time" else "Hash"][side]
