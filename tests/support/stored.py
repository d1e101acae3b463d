"""A folder store as somebody sees it who knows its layout (DESIGN §4) and nothing of the code."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class StoredLine:
    """One line of a folder store."""

    store: Path
    namespace: str
    model: str

    @property
    def root(self) -> Path:
        return self.store / self.namespace / self.model

    @property
    def release(self) -> bytes | None:
        path = self.root / "release.json"
        return path.read_bytes() if path.exists() else None

    @property
    def exam(self) -> Path:
        """The folder of the line's exam."""
        return self.root / "exams" / str(read_json(self.root / "exams" / "line.json")["digest"])[:20]

    @property
    def exam_digest(self) -> str:
        return str(read_json(self.root / "exams" / "line.json")["digest"])

    @property
    def queries(self) -> list[dict[str, Any]]:
        return read_lines(self.exam / "queries.jsonl")

    @property
    def corpus(self) -> list[dict[str, Any]]:
        return read_lines(self.exam / "corpus.jsonl")

    @property
    def qrels(self) -> list[dict[str, Any]]:
        return read_lines(self.exam / "qrels.jsonl")

    def version(self, number: int) -> Path:
        return self.root / "versions" / str(number)

    def results(self, model_digest: str) -> Path:
        """The folder of what a model scored on the exam."""
        (found,) = (self.exam / "results").glob(f"{model_digest[:20]}-*")
        return found

    def step(self, job: str, step: str) -> Path:
        """The output of a job's step, which it did once."""
        manifests = list((self.store / self.namespace / "jobs" / job).glob(f"*/{step}/*/manifest.json"))
        assert len(manifests) == 1, manifests
        return manifests[0].parent

    def data(self, job: str) -> Path:
        """The folder of what a job made of its data."""
        report = read_json(self.step(job, "prepare") / "manifest.json")["facts"]["report"]
        return self.store / Path(report["key"]).parent

    def trained_on(self, *jobs: str) -> list[dict[str, Any]]:
        """Every row that these jobs trained on or chose by."""
        files = [self.data(job) / name for job in jobs for name in ("train.jsonl", "validation.jsonl")]
        return [row for file in files for row in read_lines(file)]


def read_json(path: Path) -> Any:
    return json.loads(path.read_bytes())


def read_lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def snapshot(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file with its time of change and its sha256."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.rglob("*")
        if path.is_file()
    }


def flip_a_byte(file: Path, place: float = 0.5) -> None:
    """Change one bit of the byte that lies at this share of the file."""
    data = bytearray(file.read_bytes())
    data[int(len(data) * place)] ^= 1
    file.write_bytes(data)
