"""Runs of single steps through the real warm process, over a folder store."""

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from embtune_api.auxiliary import AuxiliaryLoss
from embtune_api.digest import digest_of, sha256_hex, tree_digest
from embtune_api.documents.files import StepManifest, StoredFile, StoredModel
from embtune_api.documents.prepare import PreparedSet, ResolvedSource
from embtune_api.documents.train import TrainFacts
from embtune_api.keys import StepKeys
from embtune_api.losses import LossName, Prepared
from embtune_api.reports import TrainingReport
from embtune_api.requests import StepRequest, TrainRequest
from embtune_api.sources import Columns
from embtune_api.status import Progress
from embtune_api.training import Training
from embtune_store import documents, open_store
from embtune_store.folders import upload_folder
from embtune_store.protocol import Store


@dataclass
class Warm:
    """A warm process, spoken to as `embtune run` speaks to it."""

    process: subprocess.Popen[str]
    scratch: Path
    _ids: Iterator[int] = field(default_factory=itertools.count)

    def start(self, request: StepRequest, step: str) -> str:
        """Start a step; returns the id to wait for."""
        name = f"{step}-{next(self._ids)}"
        file = self.scratch / f"{name}.json"
        file.write_text(request.model_dump_json())
        self._say({"id": name, "step": step, "request": str(file), "log": f"{file}.log", "termination_log": f"{file}.message"})
        assert self._hear()["id"] == name
        return name

    def signal(self, name: str, number: int) -> None:
        self._say({"id": name, "signal": number})

    def wait(self, name: str) -> int:
        """The step's exit code."""
        answer = self._hear()
        assert answer["id"] == name
        return int(answer["exit"])

    def run(self, request: StepRequest, step: str) -> int:
        return self.wait(self.start(request, step))

    def log(self, name: str) -> str:
        return (self.scratch / f"{name}.json.log").read_text()

    def message(self, name: str) -> str:
        return (self.scratch / f"{name}.json.message").read_text()

    def _say(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def _hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        return dict(json.loads(self.process.stdout.readline()))


@contextmanager
def warm_process(scratch: Path) -> Iterator[Warm]:
    """A warm process that is gone afterwards."""
    command = [sys.executable, "-m", "embtune_trainer", "warm"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Warm(process, scratch)
    finally:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait(timeout=30)
        process.stdout.close()


@dataclass(frozen=True)
class Beside:
    """An auxiliary set."""

    name: str
    loss: LossName
    rows: Sequence[Mapping[str, Any]]
    shape: Prepared = "pairs"
    weight: float = 1.0

    def prepared(self, file: StoredFile) -> PreparedSet:
        source = ResolvedSource(
            uri=f"{self.name}.jsonl",
            sha256=file.sha256,
            size=file.size,
            rows=len(self.rows),
            columns=Columns(anchor="anchor", positive="positive"),
            weight=self.weight,
        )
        loss = AuxiliaryLoss(name=self.loss)
        return PreparedSet(name=self.name, source=source, shape=self.shape, loss=loss, rows=len(self.rows), file=file)


@dataclass(frozen=True)
class TrainingRun:
    """One training in a store of its own."""

    store: Store
    request: TrainRequest

    @property
    def keys(self) -> StepKeys:
        return self.request.job_keys.step("train", self.request.digest)

    @property
    def manifest(self) -> StepManifest:
        manifest = documents.read(self.store, self.keys.manifest, StepManifest)
        assert manifest is not None
        return manifest

    @property
    def weights_sha256(self) -> str:
        files = TrainFacts.model_validate(self.manifest.facts).model.files
        return next(file.sha256 for file in files if file.path == "model.safetensors")

    @property
    def report(self) -> TrainingReport:
        report = documents.read(self.store, self.keys.report, TrainingReport)
        assert report is not None
        return report

    def has_begun(self) -> bool:
        """It has done a step, by its progress."""
        progress = documents.read(self.store, self.keys.progress, Progress)
        return progress is not None and progress.step is not None


def a_training(
    folder: Path,
    base: Path,
    rows: Sequence[Mapping[str, Any]],
    recipe: Training,
    processes: int = 1,
    validation: Sequence[Mapping[str, Any]] | None = None,
    teacher: Path | None = None,
    beside: Sequence[Beside] = (),
) -> TrainingRun:
    """A store with prepared rows, a staged base and a staged teacher, and the request to train on them."""
    store = open_store(str(folder))
    prepared = StepKeys("team/jobs/job/uid/prepare/input")
    places = prepared.data("0")
    stored = _stored(store, places.train_rows, rows)
    request = TrainRequest(
        store=str(folder),
        namespace="team",
        model="line",
        job="job",
        job_uid="uid",
        digest=digest_of({"recipe": recipe, "rows": rows}),
        rows=stored,
        auxiliary=[one.prepared(_stored(store, places.auxiliary_rows(one.name), one.rows)) for one in beside],
        validation=_stored(store, places.validation_rows, validation) if validation else None,
        fingerprints=StoredFile(key=places.fingerprints, size=0, sha256=sha256_hex(b"")),
        base=_staged(store, base, prepared.base_model("0")),
        teacher=_staged(store, teacher, prepared.teacher("0")) if teacher else None,
        training=recipe,
        processes=processes,
    )
    return TrainingRun(store, request)


def _staged(store: Store, folder: Path, prefix: str) -> StoredModel:
    files = upload_folder(store, folder, prefix)
    return StoredModel(prefix=prefix, digest=tree_digest((f.path, f.sha256) for f in files), files=files)


def _stored(store: Store, key: str, rows: Sequence[Mapping[str, Any]]) -> StoredFile:
    data = "".join(json.dumps(row) + "\n" for row in rows).encode()
    store.put(key, data)
    return StoredFile(key=key, size=len(data), sha256=sha256_hex(data))


def a_file() -> StoredFile:
    """One that nobody reads."""
    return StoredFile(key="unread", size=0, sha256=sha256_hex(b""))
