"""From a record's texts to a row, as the source's columns map them."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from embtune_api.losses import Shape
from embtune_api.sources import Columns, DataSource
from embtune_api.split import Side
from embtune_trainer.prepare.rows import Row, make_row

TEXTS = ("anchor", "positive", "negative", "sentence1", "sentence2", "text")
"""Columns that hold what is embedded: a number in them is a mistake, and no text."""


def text_columns(columns: Columns) -> set[str]:
    """Columns of the source that hold what is embedded."""
    return {column for role in TEXTS if (column := getattr(columns, role)) is not None}


def read_score(value: Any) -> float | None:
    """A finite number, or a text that spells one; true is 1 and false is 0. None: it is none."""
    if isinstance(value, str) and value.strip().casefold() in ("true", "false"):
        return float(value.strip().casefold() == "true")
    try:
        score = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return score + 0.0 if math.isfinite(score) else None  # -0.0 is 0.0


def row_of(
    role: Mapping[str, str],
    source: DataSource,
    line: int,
    *,
    shape: Shape,
    group: str | None,
    stratum: str | None,
    side: Side | None,
    time: datetime | None,
    slices: tuple[tuple[str, str], ...] = (),
) -> Row:
    """`role`: what a column is → its value, there and not blank; a score is a number. `shape`: of the columns."""
    negative = role.get("negative")
    return make_row(
        role.get("anchor") or role.get("sentence1") or role["text"],
        role.get("positive") or role.get("sentence2") or "",
        role.get("label"),
        group,
        source.uri,
        line,
        shape=shape,
        negatives=() if negative is None else (negative,),
        score=read_score(role["score"]) if "score" in role else None,
        category=role.get("category"),
        stratum=stratum,
        side=side,
        language=source.language,
        weight=source.weight,
        time=time,
        slices=slices,
    )
