"""The data sets and base models of the end-to-end tests, in the object store: real rows, the real model, and a tiny one.

The tiny model trains in seconds on real rows, so what a disturbance costs is the restart of a pod and not the training.
"""

import tempfile
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from e2e.warehouse import Warehouse
from support.jobs import write_rows
from support.real_model import real_model
from support.rows import EXAMPLE, tldr_pairs
from support.tiny_model import make_tiny_model

TINY_ROWS = 600
EXAMPLE_ROWS = 2000
"""Of each file of the example, so that two small pods are done in minutes; a user uploads all of them."""


@dataclass(frozen=True)
class Goods:
    """Where each lies."""

    tiny_model: str
    tiny_rows: str
    bad_rows: str
    """Half of their answers are missing."""


def delivered(warehouse: Warehouse) -> Goods:
    rows = tldr_pairs(TINY_ROWS)
    with tempfile.TemporaryDirectory() as folder:
        model = make_tiny_model(Path(folder), [text for row in rows for text in (row["anchor"], row["positive"])])
        bad = [{**row, "positive": ""} if number % 2 else row for number, row in enumerate(rows)]
        return Goods(
            tiny_model=warehouse.put_folder("models/tiny", model),
            tiny_rows=warehouse.put_file("tiny/rows.jsonl", write_rows(Path(folder, "rows.jsonl"), rows)),
            bad_rows=warehouse.put_file("tiny/bad.jsonl", write_rows(Path(folder, "bad.jsonl"), bad)),
        )


def deliver_the_example(warehouse: Warehouse) -> None:
    """What examples/tldr/cluster asks for."""
    warehouse.put_folder("models/all-MiniLM-L6-v2", real_model())
    with tempfile.TemporaryDirectory() as folder:
        for name in ("train.jsonl", "more.jsonl"):
            with (EXAMPLE / name).open(encoding="utf-8") as rows:
                Path(folder, name).write_text("".join(islice(rows, EXAMPLE_ROWS)), encoding="utf-8")
            warehouse.put_file(f"tldr/{name}", Path(folder, name))
