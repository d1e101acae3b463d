"""Pairs as the rest of the step sees them: mapped texts, their normalised forms, and where they came from."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from embtune_api.split import Side
from embtune_trainer.prepare.jsonl import to_line
from embtune_trainer.prepare.normalise import normalise


@dataclass(frozen=True)
class Row:
    """One pair of one source."""

    anchor: str
    positive: str
    label: str | None
    group: str
    """Rows of one group stay on one side of the split."""
    query: str
    """The normalised anchor."""
    answer: str
    """The normalised positive."""
    source: str
    line: int
    """In the source file, from 1."""
    stratum: str | None = None
    """Its value of the column that the split is stratified by."""
    side: Side | None = None
    """The side that its own columns put it on; None: its group decides."""

    @property
    def where(self) -> str:
        return f"{self.source}:{self.line}"

    @property
    def record(self) -> dict[str, Any]:
        """The row as `train.jsonl` holds it."""
        label = {} if self.label is None else {"label": self.label}
        return {"anchor": self.anchor, "positive": self.positive, **label, "group": self.group}

    @cached_property
    def content(self) -> str:
        """sha256 of the record: an order of rows that does not depend on the order of the source."""
        return hashlib.sha256(to_line(self.record).encode()).hexdigest()


def make_row(
    anchor: str,
    positive: str,
    label: str | None,
    group: str | None,
    source: str,
    line: int,
    *,
    stratum: str | None = None,
    side: Side | None = None,
) -> Row:
    """A row; without a group column its group is the normalised anchor."""
    query = normalise(anchor)
    return Row(
        anchor=anchor,
        positive=positive,
        label=label,
        group=query if group is None else group,
        query=query,
        answer=normalise(positive),
        source=source,
        line=line,
        stratum=stratum,
        side=side,
    )


def by_content(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: row.content)
