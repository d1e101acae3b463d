"""`kill -9` of the real command on the real model, in training, in evaluate and in publish or release; then the same command."""

import json
import random
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from embtune_api.keys import JobKeys, LineKeys
from embtune_api.resources import FineTuneJob
from embtune_operator.identity import with_local_uid
from embtune_operator.jobfile import load_job
from embtune_store import open_store
from integration.chaos.leftovers import finished_work, training_of
from support.command import command_line, environment
from support.processes import kill_tree, tree, wait_until
from support.projection import Projection, projection
from support.rows import EXAMPLE

ROWS = 300
CHECKPOINT_STEPS = 3
JOB = """\
apiVersion: embtune.dev/v1alpha1
kind: FineTuneJob
metadata: {name: killed, namespace: search}
spec:
  model: tldr
  baseModel: {uri: "hf://sentence-transformers/all-MiniLM-L6-v2"}
  data:
    train: [{uri: train.jsonl, columns: {anchor: description, positive: command}}]
    split: {validation: 0.1, test: 0.2, groupBy: family, seed: 7}
  training: {epochs: 1, batchSize: 16, learningRate: 5.0e-5, maxSeqLength: 64, seed: 7, checkpointSteps: 3, deterministic: true}
  promotion:
    gates: [{metric: "test/ndcg@10", min: 0.1}]
"""
LINE = LineKeys("search", "tldr")


class Command:
    """`embtune run` of the job on a store of its own, as a user starts it."""

    def __init__(self, job: Path, folder: Path, mirror: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.store = folder / "store"
        self._streams = folder / "out", folder / "err"
        variables = environment({"EMBTUNE_HUB_MIRROR": str(mirror), "TMPDIR": str(folder)}, threads=None)
        with self._streams[0].open("wb") as out, self._streams[1].open("wb") as err:
            command = command_line("run", job, "--store", self.store, "--json")
            self.process = subprocess.Popen(command, stdout=out, stderr=err, env=variables, start_new_session=True)

    def finish(self) -> Projection:
        code = self.process.wait(timeout=300)
        assert code == 0, self._streams[1].read_text()
        return projection(open_store(str(self.store)), FineTuneJob.model_validate_json(self._streams[0].read_text()))

    def kill(self) -> None:
        members = tree(self.process.pid)
        kill_tree(self.process.pid)
        assert self.process.wait(timeout=30) == -9
        assert psutil.wait_procs(members, timeout=10)[1] == [], "a process outlived kill -9"


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("job")
    lines = (EXAMPLE / "train.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "train.jsonl").write_text("".join(lines[:: len(lines) // ROWS][:ROWS]), encoding="utf-8")
    (folder / "job.yaml").write_text(JOB)
    return folder / "job.yaml"


@pytest.fixture(scope="module")
def keys(job: Path) -> JobKeys:
    known = with_local_uid(load_job(job), job.parent)
    return JobKeys(known.metadata.namespace, known.metadata.name, known.metadata.uid)


@pytest.fixture(scope="module")
def undisturbed(job: Path, hub_mirror: Path, tmp_path_factory: pytest.TempPathFactory) -> Projection:
    return Command(job, tmp_path_factory.mktemp("undisturbed"), hub_mirror).finish()


Begun = Callable[[Path, JobKeys], object]
MOMENTS: dict[str, tuple[Begun, float]] = {
    "in training, after a checkpoint": (lambda store, keys: training_of(store, keys).saved, 2.0),
    "in evaluate": (lambda store, keys: list((store / keys.root).glob("evaluate/*/progress.json")), 2.0),
    "in publish or release": (lambda store, _: (store / LINE.version(1).claim).exists(), 1.0),
}
"""When it has begun, and how many seconds later it may still be killed."""


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_same_command_ends_as_if_nothing_had_happened(
    moment: str, job: Path, keys: JobKeys, undisturbed: Projection, hub_mirror: Path, tmp_path: Path
) -> None:
    begun, seconds = MOMENTS[moment]
    killed = Command(job, tmp_path / "run", hub_mirror)
    wait_until(lambda: begun(killed.store, keys) or killed.process.poll() is not None, seconds=200)
    time.sleep(random.Random(moment).uniform(0, seconds))
    killed.kill()
    before, committed = training_of(killed.store, keys), finished_work(killed.store)
    assert Command(job, tmp_path / "run", hub_mirror).finish() == undisturbed
    now = finished_work(killed.store)
    assert {key for key, data in committed.items() if now.get(key) != data} == set(), "what was committed was made again"
    (report,) = (json.loads(file.read_text()) for file in (killed.store / keys.root).glob("train/*/report.json"))
    if not before.finished:
        assert report["resumed_from_step"] == before.saved
        assert before.told - (before.saved or 0) <= CHECKPOINT_STEPS
