"""Our train step against a plain fp32 SentenceTransformerTrainer, on tldr, in one run.

    make bench-trainer        (PYTHONPATH=tests python -m bench.trainer [--seeds 7 8])

Exits 1 when ours is not at least twice as fast, or its ndcg@10 on the same batches differs by more than 0.003.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean

from rich.console import Console
from rich.table import Table

from bench.trainer.workload import BASE, ROWS, recipe
from embtune_api.base_model import BaseModelRef
from embtune_api.data import Data
from embtune_api.digest import sha256_hex, tree_digest
from embtune_api.documents import Owner, PrepareFacts, StepManifest, StoredFile, StoredModel, TrainFacts
from embtune_api.keys import LineKeys, StepKeys
from embtune_api.reports import TrainingReport
from embtune_api.requests import PrepareRequest, TrainRequest
from embtune_api.sources import Columns, DataSource
from embtune_api.split import Split
from embtune_store import documents, open_store
from embtune_store.folders import upload_folder
from embtune_store.protocol import Store

EXAMPLE = Path(__file__).parents[3] / "examples" / "tldr"
MIN_SPEED_UP, MAX_DIFFERENCE = 2.0, 0.003


@dataclass
class Variant:
    """One way to train, over all seeds."""

    name: str
    pairs_per_second: list[float] = field(default_factory=list)
    process_seconds: list[float] = field(default_factory=list)
    models: list[Path] = field(default_factory=list)
    ndcg: list[float] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8])
    seeds = parser.parse_args().seeds
    with tempfile.TemporaryDirectory(prefix="embtune-bench-") as folder:
        return compare(Path(folder), seeds)


def compare(folder: Path, seeds: list[int]) -> int:
    store = open_store(str(folder / "store"))
    prepared = prepare(store)
    facts = PrepareFacts.model_validate(StepManifest.model_validate_json(store.get(prepared.manifest)).facts)
    rows = folder / "rows.jsonl"
    rows.write_bytes(b"".join(line + b"\n" for line in store.get(facts.train.key).splitlines()[:ROWS]))

    plain, unmasked, ours = (
        Variant("plain SentenceTransformerTrainer, fp32"),
        Variant("embtune, nothing masked"),
        Variant("embtune train"),
    )
    for seed in seeds:
        script(plain, "plain", rows, folder / f"plain-{seed}", seed)
        script(unmasked, "unmasked", rows, folder / f"unmasked-{seed}", seed)
        step(ours, store, rows, seed)
    score([plain, unmasked, ours], store, LineKeys("bench", "tldr"), facts.exam)
    return verdict(plain, unmasked, ours, seeds)


def prepare(store: Store) -> StepKeys:
    """The example's rows and exam, by the real step."""
    from embtune_trainer.prepare import run_prepare

    columns = Columns(anchor="description", positive="command")
    request = PrepareRequest(
        store=store.uri,
        namespace="bench",
        model="tldr",
        job="tldr",
        job_uid="0",
        digest="input",
        owner=Owner(cluster="bench", namespace_uid="bench"),
        data=Data(train=[DataSource(uri="train.jsonl", columns=columns)], split=Split(group_by="family", seed=7)),
        base_model=BaseModelRef(uri=str(BASE)),
        folder=str(EXAMPLE),
    )
    run_prepare(request, store, lambda _: None, mirror=None)
    return request.job_keys.step("prepare", request.digest)


def script(variant: Variant, name: str, rows: Path, out: Path, seed: int) -> None:
    """Run one of the modules beside this one in a process of its own."""
    print(f"seed {seed}: {variant.name} …", file=sys.stderr)  # noqa: T201
    command = [sys.executable, "-m", f"bench.trainer.{name}", str(BASE), str(rows), str(out), str(seed)]
    started = time.monotonic()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, env=os.environ | {"HF_HUB_OFFLINE": "1"})
    variant.process_seconds.append(time.monotonic() - started)
    variant.pairs_per_second.append(json.loads(done.stdout.splitlines()[-1])["pairs_per_second"])
    variant.models.append(out)


def step(variant: Variant, store: Store, rows: Path, seed: int) -> None:
    """Run our step as a pod would."""
    print(f"seed {seed}: {variant.name} …", file=sys.stderr)  # noqa: T201
    prepared = StepKeys(f"bench/jobs/tldr/{seed}/prepare/input")
    places, data = prepared.data("0"), rows.read_bytes()
    store.put(places.train_rows, data)
    files = upload_folder(store, BASE, prepared.base_model("0"))
    base = StoredModel(prefix=prepared.base_model("0"), digest=tree_digest((f.path, f.sha256) for f in files), files=files)
    request = TrainRequest(
        store=store.uri,
        namespace="bench",
        model="tldr",
        job="tldr",
        job_uid=str(seed),
        digest="input",
        rows=StoredFile(key=places.train_rows, size=len(data), sha256=sha256_hex(data)),
        fingerprints=StoredFile(key=places.fingerprints, size=0, sha256=sha256_hex(b"")),
        base=base,
        training=recipe(seed),
    )
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        file.write(request.model_dump_json())
        file.flush()
        started = time.monotonic()
        subprocess.run([sys.executable, "-m", "embtune_trainer", "train", "--request", file.name], check=True)
        variant.process_seconds.append(time.monotonic() - started)
    keys = request.job_keys.step("train", request.digest)
    report = documents.read(store, keys.report, TrainingReport)
    assert report is not None
    variant.pairs_per_second.append(report.samples_per_second)
    manifest = documents.read(store, keys.manifest, StepManifest)
    assert manifest is not None
    model = store.local_path(TrainFacts.model_validate(manifest.facts).model.prefix)
    assert model is not None
    variant.models.append(model)


def score(variants: list[Variant], store: Store, line: LineKeys, exam_digest: str) -> None:
    """ndcg@10 of every model on the example's exam, in fp32."""
    from embtune_trainer.encoder import device_for, load_encoder
    from embtune_trainer.evaluate.encoding import encode
    from embtune_trainer.evaluate.exam import LoadedExam, load_exam
    from embtune_trainer.evaluate.ranking import rank_passages
    from embtune_trainer.evaluate.retrieval_metrics import retrieval_metric

    exam = load_exam(store, line.exam(exam_digest))
    assert isinstance(exam, LoadedExam)
    for variant in variants:
        for folder in variant.models:
            model = load_encoder(folder, device_for(0))
            queries = encode(model, exam.queries, "query", lambda _: None)
            passages = encode(model, exam.passages, "document", lambda _: None)
            gains = exam.gains(rank_passages(queries, passages, exam.passage_ids, 10))
            variant.ndcg.append(float(retrieval_metric("ndcg", 10, gains, exam.ideal).mean()))


def verdict(plain: Variant, unmasked: Variant, ours: Variant, seeds: list[int]) -> int:
    """Print the table; 0 when the promise holds."""
    table = Table(title=f"tldr, {ROWS} pairs, batch 64, one epoch, seeds {', '.join(map(str, seeds))}")
    for column in ("", "pairs/s", "× plain", "whole process", "ndcg@10", "− plain"):
        table.add_column(column, justify="left" if not column else "right")
    for variant in (plain, unmasked, ours):
        table.add_row(
            variant.name,
            f"{mean(variant.pairs_per_second):.1f}",
            f"{mean(variant.pairs_per_second) / mean(plain.pairs_per_second):.2f}",
            f"{mean(variant.process_seconds):.0f} s",
            f"{mean(variant.ndcg):.4f}",
            f"{mean(variant.ndcg) - mean(plain.ndcg):+.4f}",
        )
    Console().print(table)
    speed_up = mean(ours.pairs_per_second) / mean(plain.pairs_per_second)
    difference = mean(unmasked.ndcg) - mean(plain.ndcg)
    kept = speed_up >= MIN_SPEED_UP and abs(difference) <= MAX_DIFFERENCE
    Console().print(
        f"{'kept' if kept else 'BROKEN'}: {speed_up:.2f}× (at least {MIN_SPEED_UP}×), on the same batches and negatives ndcg@10 "
        f"differs by {difference:+.4f} (at most {MAX_DIFFERENCE}); masking known positives is worth "
        f"{mean(ours.ndcg) - mean(unmasked.ndcg):+.4f}"
    )
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
