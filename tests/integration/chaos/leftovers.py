"""What a killed run has left in a folder store: how far it was, and which commits are half done.

Reads files, not through the code under test.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from embtune_api.keys import JobKeys, LineKeys

Phase = Literal["start", "prepare", "train", "evaluate", "publish", "release", "end"]
STEPS: tuple[Phase, ...] = ("prepare", "train", "evaluate", "publish")


def phase_of(store: Path, job: JobKeys) -> Phase:
    """The phase that is at work, or would be next."""
    root = store / job.root
    if not root.exists():
        return "start"
    for step in STEPS:
        if not list(root.glob(f"{step}/*/manifest.json")):
            return step
    return "end" if (store / job.result).exists() else "release"


def half_done(store: Path, job: JobKeys, line: LineKeys) -> set[str]:
    """The commits of several objects of which some are there and the last is not.

    exam: its files, no pointer. step: outputs, no manifest. checkpoint: its state, no manifest (while it is written, and
    while it is deleted). results: scores, no manifest. version: a claimed number, no manifest. published: a version, not
    yet known to its job. release: swapped, without its history.
    """
    return set(_half_done(store / job.root, store / line.root))


def _half_done(job: Path, line: Path) -> Iterator[str]:
    if list(line.glob("exams/*/queries.jsonl")) and not (line / "exams" / "line.json").exists():
        yield "exam"
    for step in ("prepare", "train", "evaluate"):
        for folder in job.glob(f"{step}/*"):
            if not (folder / "manifest.json").exists() and {f.name for f in folder.iterdir()} - {"progress.json", "checkpoints"}:
                yield f"{step} outputs"
    for folder in (*job.glob("train/*/checkpoints/*"), *line.glob("exams/*/results/*")):
        if any(folder.iterdir()) and not (folder / "manifest.json").exists():
            yield "checkpoint" if folder.parent.name == "checkpoints" else "results"
    for folder in line.glob("versions/*"):
        if not (folder / "manifest.json").exists():
            yield "version"
    if _published(line) > _known(line):
        yield "published"
    if (line / "release.json").exists():
        seq = json.loads((line / "release.json").read_text())["seq"]
        if not (line / "history" / f"{seq}.json").exists():
            yield "release"


def _published(line: Path) -> int:
    return len(list(line.glob("versions/*/manifest.json")))


def _known(line: Path) -> int:
    """Publish steps of the namespace that are done."""
    return len(list(line.parent.glob("jobs/*/*/publish/*/manifest.json")))


@dataclass(frozen=True)
class Training:
    """What a training had done."""

    told: int
    """The step that its progress told last."""
    saved: int | None
    """Step of its newest complete checkpoint."""
    finished: bool


def training_of(store: Path, job: JobKeys) -> Training:
    """0 and None where there is nothing."""
    root = store / job.root / "train"
    progress = [json.loads(file.read_text()).get("step") or 0 for file in root.glob("*/progress.json")]
    saved = [int(file.parent.name) for file in root.glob("*/checkpoints/*/manifest.json")]
    return Training(max(progress, default=0), max(saved, default=None), bool(list(root.glob("*/manifest.json"))))


def finished_work(store: Path) -> dict[str, bytes]:
    """Everything that was committed once and for all, by key: it must never change again."""
    folders = [path for pattern in ("**/manifest.json", "**/line.json", "**/history/*.json") for path in store.glob(pattern)]
    return {path.relative_to(store).as_posix(): path.read_bytes() for path in folders if "checkpoints" not in path.parts}
