"""What a row says of its own side: by its time, or in so many words."""

import re
from datetime import UTC, datetime
from functools import lru_cache

from embtune_api.moments import moment
from embtune_api.split import Side, Split
from embtune_trainer.prepare.findings import shorten

WORDS: dict[str, Side] = {
    "train": "train",
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "dev": "validation",
    "test": "test",
}
UNDERSTOOD = "train, validation (dev, val, valid) and test"

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?", re.ASCII)
"""`fromisoformat` takes more: 20260131, or any character between date and time."""
_SECONDS = re.compile(r"[0-9]{9,10}(\.[0-9]+)?", re.ASCII)
_MILLISECONDS = re.compile(r"[0-9]{12,13}", re.ASCII)
_cutoff = lru_cache(moment)


def read_time(text: str) -> datetime | None:
    """A date, a date-time (ISO 8601), or seconds or milliseconds since 1970; without an offset it is UTC. None: it is none."""
    text = text.strip().removesuffix(" UTC")
    if _SECONDS.fullmatch(text):
        return datetime.fromtimestamp(float(text), UTC)
    if _MILLISECONDS.fullmatch(text):
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    try:
        return moment(text) if _ISO.fullmatch(text) else None
    except ValueError:
        return None


def own_side(texts: dict[str, str], split: Split) -> Side | None:
    """The side that the row's columns put it on; None where its group decides.

    Raises:
        ValueError: its time cannot be read, or its word is none of those understood.
    """
    if split.time_column is not None and split.test_from is not None:
        return _side_by_time(texts[split.time_column], split.test_from, split.validation_from)
    return None if split.split_column is None else _side_by_word(texts[split.split_column], split.split_column)


def _side_by_time(text: str, test_from: str, validation_from: str | None) -> Side:
    time = read_time(text)
    if time is None:
        raise ValueError(f"{shorten(text)!r} is no time")
    if time >= _cutoff(test_from):
        return "test"
    return "validation" if validation_from is not None and time >= _cutoff(validation_from) else "train"


def _side_by_word(text: str, column: str) -> Side:
    side = WORDS.get(text.strip().casefold())
    if side is None:
        raise ValueError(f"{column!r} says {shorten(text)!r}, which is no side of a split: {UNDERSTOOD} are understood")
    return side
