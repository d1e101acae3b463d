"""What people said of pairs, and the pairs that are left."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from embtune_api.errors import InvalidInput
from embtune_operator.labelling.sheet import shown

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from embtune_operator.labelling.pairs import PairRow
    from embtune_operator.labelling.sheet import SheetRow

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Review:
    rows: list[dict[str, Any]]
    """Pairs to learn from, with `review` (accepted, edited, or not looked at) and `note`."""
    accepted: int
    rejected: int
    edited: int
    """Of the accepted ones."""
    open: int
    """Pairs that nobody looked at."""
    passed_over: int
    """Of them, those that stand in the sheet: what was looked at is not by chance."""

    @property
    def looked_at(self) -> int:
        return self.accepted + self.rejected

    @property
    def interval(self) -> tuple[float, float]:
        """Of the share that is accepted; at least one was looked at."""
        return wilson(self.accepted, self.looked_at, CONFIDENCE)


def review(file: Path, pairs: dict[str, PairRow], sheet: Iterable[SheetRow], *, keep_open: bool) -> Review:
    """
    Args:
        file: of the sheet, in errors
        pairs: by name, as they were before
        keep_open: pairs that nobody looked at are kept, too

    Raises:
        InvalidInput: a row of the sheet is of no pair, there twice, or edited where it may not be (`file:row`).
    """
    said = _by_name(file, pairs, sheet)
    rows, edited = [], 0
    for name, pair in pairs.items():
        row = said.get(name)
        if row is None or row.accept is None:
            rows += [{**pair.values, "review": "not looked at", "note": row.note if row else ""}] if keep_open else []
        elif row.accept:
            changes = _changes(file, pair, row)
            edited += bool(changes)
            rows.append({**pair.values, **changes, "review": "edited" if changes else "accepted", "note": row.note})
    decided = [row.accept for row in said.values() if row.accept is not None]
    return Review(rows, sum(decided), len(decided) - sum(decided), edited, len(pairs) - len(decided), len(said) - len(decided))


def wilson(accepted: int, of: int, confidence: float) -> tuple[float, float]:
    """The two-sided interval of a share (Wilson, 1927); `of` is at least 1."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, spread = accepted / of, z * z / of
    middle = (share + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(share * (1 - share) / of + spread / of / 4)
    return max(0.0, middle - half), min(1.0, middle + half)


def _by_name(file: Path, pairs: dict[str, PairRow], sheet: Iterable[SheetRow]) -> dict[str, SheetRow]:
    said: dict[str, SheetRow] = {}
    for row in sheet:
        if row.name not in pairs:
            raise InvalidInput(
                f"{file}:{row.line}: row {row.name[:40]!r} is none of the pairs that you gave. Its column `row` must stay as "
                f"it was written: give the pairs that the sheet was made of, or delete the row."
            )
        if row.name in said:
            raise InvalidInput(f"{file}:{row.line}: row {row.name} is in line {said[row.name].line}, too. Delete one of them.")
        said[row.name] = row
    return said


def _changes(file: Path, pair: PairRow, row: SheetRow) -> dict[str, Any]:
    """Texts that a person wrote anew; the score was of others."""
    changes: dict[str, Any] = {}
    if not _same(row.query, pair.query):
        changes["query"] = row.query.strip()
    if not _same(row.passage, shown(pair.passage)):
        if shown(pair.passage) != pair.passage:
            raise InvalidInput(
                f"{file}:{row.line}: the passage was edited, but the sheet has only its beginning. Edit it in the corpus, or in "
                f"the file of pairs."
            )
        changes["passage"] = row.passage.strip()
    if any(not text for text in changes.values()):
        raise InvalidInput(f"{file}:{row.line}: accepted, but a text of it is empty. Write it, or say no.")
    return {**changes, "score": None} if changes else {}


def _same(text: str, other: str) -> bool:
    """Spreadsheets change line breaks and white space at the ends."""
    return text.split() == other.split()
