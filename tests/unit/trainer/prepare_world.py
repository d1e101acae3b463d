"""A small world to prepare in: a memory store, a base model folder made on the spot, rows written by the test."""

import csv
import io
import json
import struct
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from embtune_api.base_model import BaseModelRef
from embtune_api.data import Data
from embtune_api.documents.files import StepManifest
from embtune_api.documents.prepare import PrepareFacts
from embtune_api.documents.publish import Owner
from embtune_api.keys import DataKeys, StepKeys
from embtune_api.reports import DataReport
from embtune_api.requests import PrepareRequest
from embtune_store import open_store
from embtune_store.protocol import Store
from embtune_trainer.prepare import run_prepare

OWNER = Owner(cluster="here", namespace_uid="n-1")
VERBS = ["list", "copy", "remove", "rename", "compress", "extract", "search", "replace", "upload", "download", "convert", "merge"]
THINGS = ["archives", "branches", "calendars", "databases", "envelopes", "folders", "gateways", "images", "journals", "kernels"]


def write_base_model(folder: Path, **changes: bytes | None) -> Path:
    """A folder as sentence-transformers writes it; `changes` maps a path to other bytes, or to None to leave it out."""
    tensor = b"\0" * 8
    header = json.dumps({"weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, len(tensor)]}}).encode()
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    files: dict[str, bytes | None] = {
        "modules.json": json.dumps(modules).encode(),
        "config.json": b"{}",
        "model.safetensors": struct.pack("<Q", len(header)) + header + tensor,
        "tokenizer.json": b"{}",
        "1_Pooling/config.json": b"{}",
        "README.md": b"not needed",
        ".gitattributes": b"not needed",
        "onnx/model.json": b"not needed",
        "pytorch_model.bin": b"not needed",
    }
    for path, data in (files | changes).items():
        if data is not None:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
    return folder


def some_pairs(count: int = 120) -> list[dict[str, Any]]:
    """Distinct pairs, far from each other; group `g` has three of them."""
    texts = [f"{verb} {thing}" for thing in THINGS for verb in VERBS]
    return [{"anchor": text, "positive": text[::-1], "g": f"group {number // 3}"} for number, text in enumerate(texts[:count])]


def write_jsonl(path: Path, rows: Sequence[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def as_csv(rows: Sequence[dict[str, Any]], **how: Any) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), **how)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


class World:
    """Jobs of one line, each prepared from files of one folder."""

    def __init__(self, folder: Path, store: Store | None = None) -> None:
        self.folder = folder
        self.store = store or open_store("memory://")
        self.progress: list[str] = []
        write_base_model(folder / "base")

    def request(self, *files: str, job: str = "one", base: Any = None, owner: Owner = OWNER, **data: Any) -> PrepareRequest:
        """`data`: `columns`, `split` and `checks` of the spec."""
        columns = data.pop("columns", None) or {"anchor": "anchor", "positive": "positive"}
        checks = {"minRows": 2} | data.pop("checks", {})
        train = [{"uri": file, "columns": columns} for file in files]
        return PrepareRequest(
            store=self.store.uri,
            namespace="team",
            model="search",
            job=job,
            job_uid=f"uid-{job}",
            digest=f"{job:0>64}",
            owner=owner,
            data=Data.model_validate({"train": train, "checks": checks, **data}),
            base_model=BaseModelRef.model_validate(base or {"uri": "base"}),
            folder=str(self.folder),
        )

    def prepare(self, request: PrepareRequest, now: datetime | None = None) -> "Prepared":
        manifest = run_prepare(request, self.store, lambda progress: self.progress.append(progress.message), now=now)
        return Prepared(self.store, request.job_keys.step("prepare", request.digest), manifest)


class Prepared:
    def __init__(self, store: Store, keys: StepKeys, manifest: StepManifest) -> None:
        self.store = store
        self.keys = keys
        self.manifest = manifest
        self.facts = PrepareFacts.model_validate(manifest.facts)
        self.places = DataKeys(self.facts.report.key.rpartition("/")[0])
        self.report = DataReport.model_validate_json(store.get(self.places.report))
        self.train = _lines(store.get(self.places.train_rows))
        self.validation = _lines(store.get(self.places.validation_rows))

    def bytes_of(self, *keys: str) -> list[bytes]:
        return [self.store.get(key) for key in keys]


def exam_of(world: World) -> dict[str, list[dict[str, Any]]]:
    """The line's exam by file name, read without embtune's own reader; files that it does not have are empty."""
    pointer = json.loads(world.store.get("team/search/exams/line.json"))
    root = f"team/search/exams/{pointer['digest'][:20]}"
    keys = {name: f"{root}/{name}.jsonl" for name in ("queries", "corpus", "qrels", "pairs")}
    return {name: _lines(world.store.get(key)) if world.store.exists(key) else [] for name, key in keys.items()}


def _lines(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.decode().split("\n") if line]
