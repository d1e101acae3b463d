"""Which side of the split a row is on: a function of its group and the seed alone, so no row ever moves."""

import hashlib
from typing import Literal

from embtune_api.spec import Split
from embtune_trainer.prepare.rows import Row

Side = Literal["test", "validation", "train"]
SIDES: tuple[Side, ...] = ("test", "validation", "train")


def side_of(group: str, split: Split) -> Side:
    """Every group has its place in [0, 1): below `test` it is held out for a test, next comes validation."""
    digest = hashlib.sha256(f"{split.seed}\0{group}".encode()).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < split.test:
        return "test"
    return "validation" if place < split.test + split.validation else "train"


def split_rows(rows: list[Row], split: Split) -> dict[Side, list[Row]]:
    sides: dict[Side, list[Row]] = {side: [] for side in SIDES}
    for row in rows:
        sides[side_of(row.group, split)].append(row)
    return sides
