"""Rows as the rest of the step sees them: mapped texts, their normalised forms, and where they came from.

Whatever its shape, a row has a query side, and most have an answer side:

    shape            query side   answer side   and
    pairs            anchor       positive      a label, perhaps; negatives, perhaps
    triplets         anchor       positive      negatives
    scored pairs     sentence1    sentence2     a score
    labelled texts   text                       a label
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from sys import intern
from typing import Any

from embtune_api.losses import Shape
from embtune_api.split import Side
from embtune_trainer.prepare.jsonl import to_line
from embtune_trainer.prepare.normalise import normalise


@dataclass(frozen=True, slots=True)
class Row:
    """One row of one source, or one that was built from rows."""

    anchor: str
    """The text on the query side."""
    positive: str
    """The text on the answer side; empty where there is none: a labelled text."""
    label: str | None
    group: str
    """Rows of one group stay on one side of the split."""
    query: str
    """The normalised anchor."""
    source: str
    line: int
    """In the source file, from 1."""
    stratum: str | None = None
    """Its value of the column that the split is stratified by."""
    side: Side | None = None
    """The side that its own columns put it on; None: its group decides."""
    shape: Shape = "pairs"
    negatives: tuple[str, ...] = ()
    """Texts that do not answer the anchor."""
    score: float | None = None
    """Scored pairs: how alike the two are, on the source's scale."""
    category: str | None = None
    """Pairs: what the negatives that are sampled for it have in common with its answer."""
    language: str | None = None
    """BCP 47; None: its source does not say."""
    weight: float = 1.0
    """How often its source wants it trained on."""
    original: tuple[str, str] | None = None
    """Anchor and positive of the row that it was made of by changing them: what answers these answers the row, too."""

    time: datetime | None = None
    """Where its source has a column for it."""
    slices: tuple[tuple[str, str], ...] = ()
    """Of those that the job asks for and the exam keeps: their names, with its own value."""

    @property
    def seconds(self) -> float:
        """Its time, since 1970; 0 where it has none."""
        return 0.0 if self.time is None else self.time.timestamp()

    @property
    def answer(self) -> str:
        """The normalised positive: made when it is asked for, since answers are what fills the memory."""
        return normalise(self.positive)

    @property
    def where(self) -> str:
        return f"{self.source}:{self.line}"

    @property
    def texts(self) -> tuple[str, ...]:
        """All that are mapped, the query side first."""
        return (self.anchor, *((self.positive,) if self.positive else ()), *self.negatives)

    @property
    def other_texts(self) -> tuple[str, ...]:
        """Normalised: all but the query side."""
        return tuple(map(normalise, (*((self.positive,) if self.positive else ()), *self.negatives)))

    @property
    def question(self) -> str | tuple[str, str]:
        """What an exam asks once, however many rows there are of it: a query; of scored pairs the two texts, either first."""
        return self.unordered if self.shape == "scored pairs" else self.query

    @property
    def unordered(self) -> tuple[str, str]:
        """The normalised texts of both sides: of a pair that was turned round they are the same."""
        first, second = sorted((self.query, self.answer))
        return first, second

    @property
    def record(self) -> dict[str, Any]:
        """The row as `train.jsonl` holds it."""
        sides = self._sides(self.anchor, self.positive)
        original = {} if self.original is None else {"original": self._sides(*self.original)}
        label = {} if self.label is None else {"label": self.label}
        score = {} if self.score is None else {"score": self.score}
        negatives = {"negatives": list(self.negatives)} if self.negatives else {}
        language = {} if self.language is None else {"language": self.language}
        return {**sides, **label, **score, **negatives, **original, "group": self.group, **language}

    def _sides(self, anchor: str, positive: str) -> dict[str, str]:
        """Texts by the names that the shape gives them."""
        if self.shape == "labelled texts":
            return {"text": anchor}
        names = ("sentence1", "sentence2") if self.shape == "scored pairs" else ("anchor", "positive")
        return dict(zip(names, (anchor, positive), strict=True))

    @property
    def content(self) -> str:
        """sha256 of the record: an order of rows that does not depend on the order of the source."""
        return self.content_digest.hex()

    @property
    def content_digest(self) -> bytes:
        """`content` in half the memory."""
        return hashlib.sha256(to_line(self.record).encode()).digest()


def make_row(
    anchor: str,
    positive: str,
    label: str | None,
    group: str | None,
    source: str,
    line: int,
    *,
    shape: Shape = "pairs",
    negatives: tuple[str, ...] = (),
    score: float | None = None,
    category: str | None = None,
    stratum: str | None = None,
    side: Side | None = None,
    language: str | None = None,
    weight: float = 1.0,
    time: datetime | None = None,
    slices: tuple[tuple[str, str], ...] = (),
) -> Row:
    """A row; without a group column its group is the normalised anchor, of scored pairs the first of both texts by alphabet."""
    query = _normalised(anchor)
    own_group = min(query, normalise(positive)) if shape == "scored pairs" else query
    return Row(
        anchor=anchor,
        positive=positive,
        label=_once(label),
        group=own_group if group is None else intern(group),
        query=query,
        source=source,
        line=line,
        stratum=_once(stratum),
        side=side,
        shape=shape,
        negatives=negatives,
        score=score,
        category=_once(category),
        language=_once(language),
        weight=weight,
        time=time,
        slices=slices,
    )


def class_of(row: Row) -> str | None:
    """Its label, or its category where it has none."""
    return row.category if row.label is None else row.label


def by_content(rows: list[Row]) -> list[Row]:
    """Of equal ones the weightiest first: the order of the sources decides nothing."""
    return sorted(sorted(rows, key=lambda row: -row.weight), key=lambda row: row.content_digest)


def _normalised(text: str) -> str:
    """Kept once in memory where it is the text itself."""
    normalised = normalise(text)
    return text if normalised == text else normalised


def _once(value: str | None) -> str | None:
    """Values that many rows have are kept once in memory."""
    return None if value is None else intern(value)
