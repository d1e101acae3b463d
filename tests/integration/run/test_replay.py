"""Two runs of the real command, the second of which replays what the first was trained on, whose scratch is gone by then."""

import json
import shutil
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from support.command import Told, embtune
from support.jobs import MODEL, NAMESPACE, write_job
from support.leaks import leaks
from support.stored import StoredLine, read_json, read_lines
from support.whole_runs import Finished


@dataclass(frozen=True)
class Chain:
    """Both runs, and what the first was trained on."""

    first: Told
    second: Told
    job: Path
    line: StoredLine
    learnt: list[dict[str, Any]]


def _job(bench: Path, name: str, file: str, **more: Any) -> Path:
    return write_job(bench, name, [file], data={"replay": {}}, training={"epochs": 1}, **more)


@pytest.fixture(scope="module")
def chain(bench: Path) -> Chain:
    store = bench / "store-replay"
    line = StoredLine(store, NAMESPACE, MODEL)
    first = embtune("run", _job(bench, "january", "first.jsonl"), "--store", store)
    learnt = read_lines(line.data("january") / "train.jsonl")
    shutil.rmtree(store / NAMESPACE / "jobs" / "january")
    gate = {"metric": "test/ndcg@10", "minDelta": -0.9, "against": "Production"}
    second = _job(bench, "february", "other.jsonl", gates=[gate], base={"version": {"model": MODEL}})
    return Chain(first, embtune("run", second, "--store", store), second, line, learnt)


def test_the_first_says_that_there_is_nothing_to_replay_and_keeps_its_rows(chain: Chain) -> None:
    assert f"nothing is replayed: nothing of {MODEL} is in production yet" in " ".join(chain.first.ended(0).out.split())
    metadata = read_json(chain.line.version(1) / "metadata.json")
    kept = metadata["training_data"]["archived_train"]
    assert read_lines(chain.line.store / kept["key"]) == chain.learnt
    assert sha256((chain.line.store / kept["key"]).read_bytes()).hexdigest() == kept["sha256"] == Path(kept["key"]).name
    assert metadata["lineage"]["replayed"] == {"model": MODEL, "version": None, "rows": None}


def test_half_of_what_the_second_was_trained_on_is_what_the_first_was(chain: Chain) -> None:
    out = " ".join(chain.second.ended(0).out.split())
    trained_on = read_lines(chain.line.data("february") / "train.jsonl")
    learnt = {json.dumps(row) for row in chain.learnt}
    old = [row for row in trained_on if json.dumps(row) in learnt]
    assert len(old) * 2 == len(trained_on) > 300
    assert f"{len(old)} of the rows to train on are replayed from {MODEL}@1" in out
    metadata = read_json(chain.line.version(2) / "metadata.json")
    assert metadata["training_data"]["replayed_rows"] == len(old)
    manifest = read_json(chain.line.root / "history" / "1.json")["production"]
    assert metadata["lineage"]["replayed"]["version"] == manifest
    assert metadata["training_data"]["archived_train"], "a third can replay both"
    report = read_json(chain.line.data("february") / "report.json")["replay"]
    assert (report["kept"], report["replayed"], report["share"]) == (len(learnt), len(old), 0.5)


def test_nothing_of_the_exam_comes_back(chain: Chain) -> None:
    assert leaks(read_lines(chain.line.data("february") / "train.jsonl"), chain.line.queries) == []


def test_show_tells_how_many(chain: Chain) -> None:
    shown = embtune("show", f"{MODEL}@2", "--store", chain.line.store, "--namespace", NAMESPACE).ended(0).out
    replayed = read_json(chain.line.version(2) / "metadata.json")["training_data"]["replayed_rows"]
    assert f"({replayed} of them replayed)" in shown


def test_run_again_it_has_nothing_to_do_and_tells_what_it_does_not_look_at(chain: Chain) -> None:
    again = embtune("run", chain.job, "--store", chain.line.store).ended(0)
    assert "Nothing to do: february finished" in again.err
    assert f"{MODEL}@production was resolved then and is not looked at again" in again.err


def test_a_champion_that_kept_nothing_cannot_be_replayed_by_its_number(first: Finished, bench: Path, tmp_path: Path) -> None:
    store = shutil.copytree(first.store, tmp_path / "store")
    replay = {"version": {"model": MODEL, "ref": "1"}}
    job = write_job(bench, "numbered", ["other.jsonl"], data={"replay": replay})
    told = embtune("run", job, "--store", store).ended(2)
    assert f"data.replay.version: the rows that {MODEL}@1 was trained on were not kept" in told.paragraph
    assert not list((store / NAMESPACE / "jobs" / "numbered").rglob("manifest.json"))
