"""Real sets, each cut so that a training takes about a minute on two cores."""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.rows import BANKING77, EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Mapping

SPLIT = {"validation": 0.0, "test": 0.4}


@dataclass(frozen=True)
class RealSet:
    name: str
    file: Path
    columns: Mapping[str, str]
    group_by: str | None
    """Column of the source; None: each text is a group."""
    rows: int
    """That are taken, from the first."""
    build: Mapping[str, Any]

    def taken(self) -> list[dict[str, str]]:
        """Rows by the source's column names."""
        data = self.file.read_bytes()
        file = io.StringIO((gzip.decompress(data) if self.file.suffix == ".gz" else data).decode(), newline="")
        rows = csv.DictReader(file) if self.file.suffix == ".csv" else map(json.loads, file)
        return [dict(row) for row, _ in zip(rows, range(self.rows), strict=False)]

    def data(self, uri: str) -> dict[str, Any]:
        """`spec.data` without any technique."""
        split = SPLIT if self.group_by is None else SPLIT | {"groupBy": self.group_by}
        return {"train": [{"uri": uri, "columns": dict(self.columns)}], "split": split, "build": dict(self.build)}


TLDR = RealSet(
    name="tldr",
    file=EXAMPLE / "train.jsonl",
    columns={"anchor": "description", "positive": "command"},
    group_by="family",
    rows=2500,
    build={},
)
BANKING = RealSet(
    name="banking77",
    file=BANKING77,
    columns={"text": "text", "label": "category"},
    group_by=None,
    rows=2500,
    build={"labelledTexts": "Pairs", "pairsPerText": 1},
)
MEDQUAD = RealSet(
    name="medquad",
    file=Path(__file__).parents[2] / "data" / "medquad" / "pairs.jsonl.gz",
    columns={"anchor": "question", "positive": "answer"},
    group_by="focus",
    rows=2602,
    build={},
)
HINT3 = RealSet(
    name="hint3 curekart",
    file=Path(__file__).parents[2] / "data" / "hint3" / "curekart_v1_v2.csv",
    columns={"text": "sentence", "label": "label_v2"},
    group_by=None,
    rows=1000,
    build={"labelledTexts": "Pairs", "pairsPerText": 1},
)
"""Of its 21 labels, one has half of the texts."""
