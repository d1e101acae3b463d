"""Whole runs of the real command, shared by the tests that look at them: each takes ten seconds."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.command import Told, embtune
from support.jobs import MODEL, NAMESPACE, write_job, write_rows
from support.rows import EXAMPLE, tldr_pairs
from support.stored import StoredLine
from support.tiny_model import make_tiny_model

FIRST_ROWS, ALL_ROWS = 700, 1_400


@dataclass(frozen=True)
class Finished:
    """A run, and the store that it left. Not to be changed: see `a_copy`."""

    told: Told
    job: Path
    store: Path

    @property
    def line(self) -> StoredLine:
        return StoredLine(self.store, NAMESPACE, MODEL)


CopyOf = Callable[[Finished], StoredLine]


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the tiny base model and real rows: first.jsonl, twice.jsonl (twice as many), other.jsonl."""
    folder = tmp_path_factory.mktemp("bench")
    rows = tldr_pairs(ALL_ROWS)
    make_tiny_model(folder / "tiny", [text for row in rows for text in (row["anchor"], row["positive"])])
    write_rows(folder / "first.jsonl", rows[:FIRST_ROWS])
    write_rows(folder / "twice.jsonl", rows)
    lines = (EXAMPLE / "more.jsonl").read_text(encoding="utf-8").splitlines()[:400]
    others = [json.loads(line) for line in lines]
    pairs = [{"anchor": row["description"], "positive": row["command"], "group": row["family"]} for row in others]
    write_rows(folder / "other.jsonl", pairs)
    return folder


@pytest.fixture(scope="session")
def first(bench: Path) -> Finished:
    """The line's first job: version 1 is in production."""
    job, store = write_job(bench, "first", ["first.jsonl"]), bench / "store-1"
    return Finished(embtune("run", job, "--store", store), job, store)


@pytest.fixture(scope="session")
def second(bench: Path, first: Finished) -> Finished:
    """The next job goes on from production with twice the data and another seed: version 2 is in production."""
    gates = [
        {"metric": "test/ndcg@10", "minDelta": -0.5, "against": "Production"},
        {"metric": "test/mrr@10", "minDelta": -0.5, "against": "Base"},
    ]
    base = {"version": {"model": MODEL, "ref": "production"}}
    job = write_job(bench, "second", ["twice.jsonl"], base=base, gates=gates, training={"seed": 11})
    store = shutil.copytree(first.store, bench / "store-2")
    return Finished(embtune("run", job, "--store", store), job, store)


@pytest.fixture
def copy_of(tmp_path: Path) -> CopyOf:
    """A copy of what a run left, to be changed."""

    def copy(run: Finished) -> StoredLine:
        return StoredLine(shutil.copytree(run.store, tmp_path / "store"), NAMESPACE, MODEL)

    return copy
