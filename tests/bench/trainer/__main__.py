"""Our training against a plain SentenceTransformerTrainer, on tldr and on medquad, in one run.

    make bench-trainer        (PYTHONPATH=tests python -m bench.trainer [--seeds 7 8] [--by processor] [--rows 1500])

Exits 1 when ours is not as many times as fast as promised, its ndcg@10 on the same batches differs by more than 0.003, or it
takes more memory. `--by processor` judges by processor seconds, where others use the machine too.
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
from typing import Literal

from rich.console import Console
from rich.table import Table

from bench.trainer.workload import BASE, MAX_LENGTH, MEDQUAD_MAX_LENGTH, ROWS, recipe, to_jsonl
from embtune_api.base_model import BaseModelRef
from embtune_api.data import Data
from embtune_api.digest import sha256_hex, tree_digest
from embtune_api.documents.files import StepManifest, StoredFile, StoredModel
from embtune_api.documents.prepare import PrepareFacts
from embtune_api.documents.publish import Owner
from embtune_api.documents.train import TrainFacts
from embtune_api.keys import LineKeys, StepKeys
from embtune_api.reports import TrainingReport
from embtune_api.requests import PrepareRequest, TrainRequest
from embtune_api.sources import Columns, DataSource
from embtune_api.split import Split
from embtune_store import documents, open_store
from embtune_store.folders import upload_folder
from embtune_store.protocol import Store

EXAMPLE = Path(__file__).parents[3] / "examples" / "tldr"
MEDQUAD = Path(__file__).parents[2] / "data" / "medquad" / "sample.jsonl"
MAX_DIFFERENCE = 0.003
Clock = Literal["wall", "processor"]


@dataclass
class Variant:
    """One way to train, over all seeds."""

    name: str
    options: tuple[str, ...] = ()
    script: str = "plain"
    pairs_per_second: list[float] = field(default_factory=list)
    """By the wall's clock."""
    pairs_per_processor_second: list[float] = field(default_factory=list)
    process_seconds: list[float] = field(default_factory=list)
    peak_bytes: list[int] = field(default_factory=list)
    models: list[Path] = field(default_factory=list)
    ndcg: list[float] = field(default_factory=list)

    def rate(self, clock: Clock) -> float:
        return mean(self.pairs_per_second if clock == "wall" else self.pairs_per_processor_second)


@dataclass
class Field:
    """Who runs on one set of rows, and what is promised there."""

    title: str
    over_fp32: float
    over_bf16: float
    fp32: Variant = field(default_factory=lambda: Variant("plain SentenceTransformerTrainer, fp32"))
    bf16: Variant = field(default_factory=lambda: Variant("the same, bf16", ("bf16",)))
    by_length: Variant = field(default_factory=lambda: Variant("the same, bf16, batches of like lengths", ("bf16", "sorted")))
    ours: Variant = field(default_factory=lambda: Variant("embtune, nothing masked", script="unmasked"))
    step: Variant | None = None
    """The whole step, known positives masked."""

    @property
    def all(self) -> list[Variant]:
        return [self.fp32, self.bf16, self.by_length, self.ours, *([self.step] if self.step else [])]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[7, 8])
    parser.add_argument("--by", choices=["wall", "processor"], default="wall")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--sets", nargs="+", choices=["tldr", "medquad"], default=["tldr", "medquad"])
    asked = parser.parse_args()
    kept = []
    with tempfile.TemporaryDirectory(prefix="embtune-bench-") as folder:
        if "tldr" in asked.sets:
            kept.append(on_tldr(Path(folder), asked.seeds, asked.rows, asked.by))
        if "medquad" in asked.sets:
            kept.append(on_medquad(Path(folder), asked.seeds[:1], asked.by))
    return 0 if all(kept) else 1


def on_tldr(folder: Path, seeds: list[int], count: int, clock: Clock) -> bool:
    store = open_store(str(folder / "store"))
    prepared = prepare(store)
    facts = PrepareFacts.model_validate(StepManifest.model_validate_json(store.get(prepared.manifest)).facts)
    rows = folder / "tldr.jsonl"
    rows.write_bytes(b"".join(line + b"\n" for line in store.get(facts.train.key).splitlines()[:count]))
    compared = Field("tldr, at most 64 tokens", 4.0, 2.5, step=Variant("embtune train"))
    for seed in seeds:
        scripts(compared, rows, folder / "tldr", seed, MAX_LENGTH)
        assert compared.step is not None
        step(compared.step, store, rows, seed)
    score(compared.all, store, LineKeys("bench", "tldr"), facts.exam)
    return verdict(compared, count, clock)


def on_medquad(folder: Path, seeds: list[int], clock: Clock) -> bool:
    given = [json.loads(line) for line in MEDQUAD.read_text(encoding="utf-8").splitlines()]
    rows = folder / "medquad.jsonl"
    rows.write_bytes(to_jsonl([{"anchor": row["question"], "positive": row["answer"]} for row in given]))
    compared = Field("medquad, at most 128 tokens", 2.5, 1.6)
    for seed in seeds:
        scripts(compared, rows, folder / "medquad", seed, MEDQUAD_MAX_LENGTH)
    return verdict(compared, len(given), clock)


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


def scripts(compared: Field, rows: Path, out: Path, seed: int, max_length: int) -> None:
    """Every variant that is a module beside this one, each in a process of its own."""
    for number, variant in enumerate(compared.all):
        if variant is compared.step:
            continue
        print(f"{compared.title}, seed {seed}: {variant.name} …", file=sys.stderr)  # noqa: T201
        model = Path(f"{out}-{number}-{seed}")
        arguments = [str(BASE), str(rows), str(model), str(seed), str(max_length), *variant.options]
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", f"bench.trainer.{variant.script}", *arguments],
            check=True,
            stdout=subprocess.PIPE,
            env=os.environ | {"HF_HUB_OFFLINE": "1"},
        )
        variant.process_seconds.append(time.monotonic() - started)
        told = json.loads(done.stdout.splitlines()[-1])
        variant.pairs_per_second.append(told["pairs"] / told["seconds"])
        variant.pairs_per_processor_second.append(told["pairs"] / told["processor_seconds"])
        variant.peak_bytes.append(told["peak_memory_bytes"])
        variant.models.append(model)


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
    variant.peak_bytes.append(report.peak_memory_bytes)
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


def verdict(compared: Field, rows: int, clock: Clock) -> bool:
    """Print the table; whether the promises hold."""
    table = Table(title=f"{compared.title}, {rows} pairs, batch 64, one epoch, {len(compared.fp32.models)} seeds")
    columns = (
        "",
        "pairs/s",
        "× fp32",
        "× bf16",
        "processor: × fp32",
        "× bf16",
        "whole process",
        "peak memory",
        "ndcg@10",
        "− bf16",
    )
    for column in columns:
        table.add_column(column, justify="left" if not column else "right")
    for variant in compared.all:
        processor = [faster(variant, rival, "processor") for rival in (compared.fp32, compared.bf16)]
        table.add_row(
            variant.name,
            f"{variant.rate('wall'):.1f}",
            *(f"{faster(variant, rival, 'wall'):.2f}" for rival in (compared.fp32, compared.bf16)),
            *(f"{times:.2f}" if times else "" for times in processor),
            f"{mean(variant.process_seconds):.0f} s",
            f"{mean(variant.peak_bytes) / 2**20:.0f} MiB",
            f"{mean(variant.ndcg):.4f}" if variant.ndcg else "",
            f"{mean(variant.ndcg) - mean(compared.bf16.ndcg):+.4f}" if variant.ndcg else "",
        )
    console = Console(width=None if sys.stdout.isatty() else 180)
    console.print(table)
    promises = [
        (
            f"{faster(compared.ours, rival, clock):.2f}× {rival.name}",
            f"at least {least}×",
            faster(compared.ours, rival, clock) >= least,
        )
        for rival, least in ((compared.fp32, compared.over_fp32), (compared.bf16, compared.over_bf16))
    ]
    memory = mean(compared.ours.peak_bytes) / mean(compared.fp32.peak_bytes)
    promises.append((f"{memory:.2f}× its peak memory", "at most 1×", memory <= 1))
    if compared.ours.ndcg:
        difference = mean(compared.ours.ndcg) - mean(compared.bf16.ndcg)
        told = f"ndcg@10 {difference:+.4f} on the same batches and negatives as plain bf16"
        promises.append((told, f"at most {MAX_DIFFERENCE} apart", abs(difference) <= MAX_DIFFERENCE))
    for found, promised, kept in promises:
        console.print(f"{'kept' if kept else 'BROKEN'}: {found} ({promised}; by {clock})")
    if compared.step:
        console.print(f"masking known positives is worth {mean(compared.step.ndcg) - mean(compared.ours.ndcg):+.4f}")
    return all(kept for _, _, kept in promises)


def faster(variant: Variant, rival: Variant, clock: Clock) -> float:
    """How many times as fast; 0 where that was not measured."""
    return variant.rate(clock) / rival.rate(clock) if variant.pairs_per_processor_second or clock == "wall" else 0.0


if __name__ == "__main__":
    sys.exit(main())
