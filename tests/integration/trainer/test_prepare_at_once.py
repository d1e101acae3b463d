"""Jobs of one line at once, each a process of its own, some of them killed: a stratified split gives no group two sides."""

import csv
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from embtune_api.documents.exam import LedgerEntry
from embtune_api.requests import PrepareRequest
from embtune_store import Store, open_store
from embtune_trainer.prepare.stratify import group_key
from servers.fixtures import reach
from servers.s3_server import S3Server
from unit.trainer.prepare_world import World, exam_of, write_jsonl

ROWS = Path(__file__).parents[2] / "data" / "banking77" / "sample.csv"
SPLIT = {"method": "Stratified", "stratifyBy": "topic", "groupBy": "customer", "seed": 3}
JOBS = 4


@pytest.fixture(params=["a folder", "MinIO"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "a folder":
        return open_store(str(tmp_path / "store"))
    minio: S3Server = request.getfixturevalue("minio")
    return open_store(reach(minio, monkeypatch))


def tickets() -> list[dict[str, Any]]:
    """Of customers who wrote three times each, about whatever it was."""
    with ROWS.open(encoding="utf-8", newline="") as file:
        texts = [(row["text"], row["category"]) for row in csv.DictReader(file)][:1600]
    return [
        {"anchor": text, "positive": topic, "topic": topic, "customer": f"c{n % 533}"} for n, (text, topic) in enumerate(texts)
    ]


@pytest.mark.parametrize("killed", [0, 2], ids=["undisturbed", "two of them killed, and run again"])
def test_jobs_at_once_agree_on_every_group(store: Store, tmp_path: Path, killed: int) -> None:
    world, rows = World(tmp_path, store), tickets()
    requests = []
    for number in range(JOBS):
        write_jsonl(tmp_path / f"{number}.jsonl", rows[number * 200 : number * 200 + 1000])
        requests.append(world.request(f"{number}.jsonl", job=f"job{number}", split=SPLIT))
    running = [started(request, tmp_path) for request in requests]
    for number in range(killed):
        time.sleep(0.7)
        running[number].kill()
        running[number].communicate()
        running[number] = started(requests[number], tmp_path)
    for process in running:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told

    entries = ledger_of(store)
    named = [(key, side) for entry in entries for side in ("train", "validation", "test") for key in getattr(entry, side)]
    sides = dict(named)
    assert len(named) == len(sides) == len({row["customer"] for row in rows}), "each group is placed, and once"
    assert [entry.previous for entry in entries] == [None, *(entry.digest for entry in entries[:-1])]
    ends = [world.prepare(request) for request in requests]
    assert len({end.facts.exam for end in ends}) == 1
    assert [end.report.exam_frozen_by_this_job for end in ends].count(True) == 1
    for end in ends:
        for side, learnt in (("train", end.train), ("validation", end.validation)):
            assert {sides[group_key(row["group"])] for row in learnt} == {side}
    assert {sides[group_key(group)] for query in exam_of(world)["queries"] for group in query["groups"]} == {"test"}
    shares = Counter(sides[group_key(row["customer"])] for row in rows)
    assert shares["test"] / len(rows) == pytest.approx(0.2, abs=0.02)
    assert shares["validation"] / len(rows) == pytest.approx(0.1, abs=0.02)


def started(request: PrepareRequest, folder: Path) -> "subprocess.Popen[str]":
    file = folder / f"{request.job}.json"
    file.write_text(request.model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-m", "embtune_trainer", "prepare", "--request", str(file)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def ledger_of(store: Store) -> list[LedgerEntry]:
    """In order, read without embtune's own reader."""
    keys = sorted(found.key for found in store.list("team/search/splits"))
    assert [key.rpartition("/")[2] for key in keys] == [f"{number}.json" for number in range(1, len(keys) + 1)]
    return [LedgerEntry.model_validate(json.loads(store.get(key))) for key in keys]
