"""A judged version in a store, as the steps leave it: exam, answers of each model, data report, training report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from embtune_api.digest import sha256_hex
from embtune_api.documents.evaluate import AskedSuite, ResultManifest
from embtune_api.documents.exam import Exam
from embtune_api.documents.files import FileEntry, StepManifest
from embtune_api.documents.job import JobResult
from embtune_api.documents.prepare import PrepareFacts, ResolvedBase
from embtune_api.documents.publish import Metadata, PublishedEvaluation, VersionManifest
from embtune_api.documents.train import TrainFacts
from embtune_api.evaluation import Suite
from embtune_api.keys import JobKeys, LineKeys
from embtune_api.metrics import pair_columns
from embtune_api.reports import (
    DataReport,
    Finding,
    PreparedReport,
    SideReport,
    SourceReport,
    SplitReport,
    TrainingReport,
)
from embtune_api.slices import SliceScores
from embtune_api.status import FineTuneJobStatus, ModelVersionStatus
from embtune_api.training_record import LossPoint, MemoryReport, ValidationPoint, ValidationReport
from embtune_api.tune import TunedPart
from embtune_operator.judge.gate import Exhibits
from embtune_operator.judge.scores import Scores, kept_scores
from embtune_operator.judge.verdict import make_verdict
from embtune_store import documents
from factories import AN_ENCODER, NOON, a_file, a_gate, a_model, publish_version, scores_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from embtune_api.keys import ExamKeys
    from embtune_api.promotion import Gate
    from embtune_store.protocol import Store

LINE = LineKeys("search", "shop")
JOB = JobKeys("search", "shop-1", "uid-1")
METRICS = ("test/accuracy@1", "test/mrr@10", "test/ndcg@10")
SUITES, EXAM = "s" * 64, "e" * 64
LANGUAGES = ("en", "de")
NOT_FOUND = 11
"""Rank of an answer that is not among the first ten."""


@dataclass(frozen=True)
class Texts:
    """Of the n-th query, and of its only right answer."""

    query: str = "how do I find thing {n}"
    answer: str = "thing {n} is here"
    finding: str = "say the same as another row and differ in the answer"


def judged(
    store: Store,
    base: Sequence[int],
    candidate: Sequence[int],
    *,
    texts: Texts | None = None,
    gates: Sequence[Gate] | None = None,
) -> None:
    """Publish version 1 of a line, whose right answers stand at these ranks; two neighbouring queries are a group."""
    texts = texts or Texts()
    keys = LINE.exam(EXAM)
    _exam(store, keys, [(texts.query.format(n=n), texts.answer.format(n=n)) for n in range(len(base))])
    models = {"base": a_model("base"), "candidate": a_model("candidate")}
    for name, ranks in (("base", base), ("candidate", candidate)):
        _answers(store, keys, models[name].digest, ranks, texts)
    _publish(store, models["candidate"].digest, models["base"].digest, gates)
    _steps(store, texts)


def judged_pairs(store: Store, base: Sequence[float], candidate: Sequence[float], scores: Sequence[float]) -> None:
    """The same of an exam of scored pairs, from both models' similarities."""
    keys = LINE.exam(EXAM)
    pairs = [{"id": f"q{n:03}", "sentence1": f"one {n}", "sentence2": f"other {n}"} for n in range(len(scores))]
    _freeze(store, keys, {"pairs.jsonl": pairs})
    models = {"base": (a_model("base"), base), "candidate": (a_model("candidate"), candidate)}
    for model, found in models.values():
        notes = [{"query": f"q{n:03}", "texts": [f"one {n}", f"other {n}"], "group": f"g{n // 2}"} for n in range(len(scores))]
        _keep(store, keys, model.digest, pair_columns("test"), np.column_stack([found, scores]), notes)
    gates = [a_gate(metric="test/spearman", minDelta=0.0, against="Base")]
    _publish(store, models["candidate"][0].digest, models["base"][0].digest, gates)


def _exam(store: Store, keys: ExamKeys, pairs: list[tuple[str, str]]) -> None:
    """Every other group of queries is of the language de."""
    queries = [
        {"id": f"q{n:03}", "text": query, "group": f"g{n // 2}", "slices": {"lang": [LANGUAGES[n // 2 % 2]]}}
        for n, (query, _) in enumerate(pairs)
    ]
    corpus = [{"id": f"p{n:03}", "text": answer} for n, (_, answer) in enumerate(pairs)]
    qrels = [{"query": f"q{n:03}", "passage": f"p{n:03}", "relevance": 1} for n in range(len(pairs))]
    _freeze(store, keys, {"queries.jsonl": queries, "corpus.jsonl": corpus, "qrels.jsonl": qrels})


def _freeze(store: Store, keys: ExamKeys, files: dict[str, list[dict[str, Any]]]) -> None:
    entries = []
    for path, records in files.items():
        data = _lines(records)
        store.put(f"{keys.root}/{path}", data)
        entries.append(FileEntry(path=path, size=len(data), sha256=sha256_hex(data)))
    count = len(next(iter(files.values())))
    exam = Exam(digest=EXAM, queries=count, passages=count, groups=count // 2, group_by="group", files=entries)
    documents.create(store, keys.exam, exam)


def _answers(store: Store, keys: ExamKeys, digest: str, ranks: Sequence[int], texts: Texts) -> None:
    """The others of a query's first ten are its neighbours' answers."""
    notes, rows = [], []
    for n, rank in enumerate(ranks):
        others = [f"p{(n + k) % len(ranks):03}" for k in range(1, 11)]
        top = [*others[: rank - 1], f"p{n:03}", *others[rank - 1 :]][:10] if rank < NOT_FOUND else others
        notes.append({"query": f"q{n:03}", "text": texts.query.format(n=n), "group": f"g{n // 2}", "top": top})
        found = rank < NOT_FOUND
        rows.append([float(rank == 1), 1 / rank if found else 0.0, 1 / np.log2(rank + 1) if found else 0.0])
    _keep(store, keys, digest, METRICS, np.array(rows), notes)


def _keep(
    store: Store, keys: ExamKeys, digest: str, columns: tuple[str, ...], values: np.ndarray[Any, Any], notes: list[dict[str, Any]]
) -> None:
    results = keys.results(digest, SUITES)
    groups = np.arange(len(values), dtype=np.int64) // 2
    told = [{**note, "metrics": dict(zip(columns, row, strict=True))} for note, row in zip(notes, values.tolist(), strict=True)]
    entries = []
    for key, data in ((results.scores, scores_file(Scores(columns, values, groups))), (results.per_query, _lines(told))):
        store.put(key, data)
        entries.append(FileEntry(path=key.rpartition("/")[2], size=len(data), sha256=sha256_hex(data)))
    documents.create(store, results.manifest, ResultManifest(files=entries))


def _publish(store: Store, candidate: str, base: str, gates: Sequence[Gate] | None) -> None:
    exhibits = [kept_scores(store, LINE.exam(EXAM).results(digest, SUITES)) for digest in (candidate, base)]
    wanted = [a_gate(minDelta=0.0, against="Base")] if gates is None else gates
    verdict = make_verdict(wanted, Exhibits(exhibits[0], exhibits[1], None), 0)
    metrics = [_means(scores) for scores in exhibits]
    evaluation = PublishedEvaluation(
        exam=EXAM,
        model_digest=candidate,
        candidate=metrics[0],
        base=metrics[1],
        champion={},
        champion_version=None,
        verdict=verdict,
        suites=[AskedSuite(suite=Suite(), exam=EXAM, digest=SUITES, queries=len(exhibits[0].groups), groups=2)],
        slices=[SliceScores(slice=f"lang={lang}", queries=0, groups=0, metrics={}) for lang in LANGUAGES],
    )
    publish_version(store, LINE, 1, evaluation=evaluation)
    keys = LINE.version(1)
    metadata = documents.read(store, keys.metadata, Metadata)
    assert metadata
    lineage = {"job": JOB.job, "job_uid": JOB.uid, "base": {"uri": "hf://a/b", "digest": base}}
    recipe = {"epochs": 1, "loss": {"name": "MultipleNegativesRanking", "scale": 20.0}}
    _replace(store, metadata.model_copy(update={"lineage": lineage, "training_config": recipe}))


def _replace(store: Store, metadata: Metadata) -> None:
    keys = LINE.version(1)
    manifest = documents.read(store, keys.manifest, VersionManifest)
    assert manifest
    documents.put(store, keys.metadata, metadata)
    data = store.get(keys.metadata)
    entry = FileEntry(path="metadata.json", size=len(data), sha256=sha256_hex(data))
    files = [entry if file.path == entry.path else file for file in manifest.files]
    documents.put(store, keys.manifest, manifest.model_copy(update={"files": files}))
    status = FineTuneJobStatus(
        phase="Succeeded",
        model_version=ModelVersionStatus(name="shop-v1", version=1, digest="d" * 64, stage="Candidate"),
        finished_at=NOON,
    )
    documents.put(store, JOB.result, JobResult(status=status))


def _means(scores: Scores) -> dict[str, float | None]:
    if len(scores.columns) == 2:
        return {"test/spearman": 0.5}
    return dict(zip(scores.columns, scores.values.mean(axis=0).tolist(), strict=True))


def _steps(store: Store, texts: Texts) -> None:
    sides = {side: SideReport(rows=60, queries=60, groups=30) for side in ("train", "validation", "test")}
    report = DataReport(
        rows_read=180,
        rows_used=180,
        sources=[SourceReport(uri="train.jsonl", language=None, weight=1, read=180, used=180, train=60)],
        split=SplitReport.model_validate({"method": "Hash", "sides": sides}),
        prepared=PreparedReport(shape="pairs", train=60, validation=60),
        exam=EXAM,
        exam_frozen_by_this_job=True,
        exam_queries=60,
        exam_passages=60,
        exam_groups=30,
        findings=[Finding(check="conflicts", rows=4, action="kept", message=texts.finding, examples=["train.jsonl:3: thing"])],
    )
    prepare, train = JOB.step("prepare", "a" * 64), JOB.step("train", "b" * 64)
    places = prepare.data("0")
    documents.put(store, places.report, report)
    facts = PrepareFacts(
        sources=[],
        base=ResolvedBase(uri="hf://a/b", model=a_model("base")),
        exam=EXAM,
        train_rows=60,
        validation_rows=60,
        exam_queries=60,
        train=a_file(places.train_rows),
        fingerprints=a_file(places.fingerprints),
        report=a_file(places.report, store.get(places.report)),
    )
    _done(store, "prepare", prepare.manifest, facts.model_dump(mode="json"))
    documents.put(store, train.report, _training())
    trained = TrainFacts(
        model=a_model("candidate"), seconds=1, samples_per_second=60, final_loss=0.5, total_steps=40, encoder=AN_ENCODER
    )
    _done(store, "train", train.manifest, trained.model_dump(mode="json"))


def _done(store: Store, step: Any, key: str, facts: dict[str, Any]) -> None:
    digest = {"prepare": "a", "train": "b"}[step] * 64
    documents.create(store, key, StepManifest(step=step, input_digest=digest, files=[], facts=facts, seconds=1))


def _training() -> TrainingReport:
    return TrainingReport(
        recipe={"epochs": 1},
        tuned=TunedPart(parameters=100, trainable=100, share=1.0),
        encoder=AN_ENCODER,
        forward="packed",
        forward_because="equal to the padded forward",
        rows=60,
        total_steps=40,
        resumed_from_step=None,
        seconds=1,
        samples_per_second=60,
        device="cpu",
        precision="fp32",
        precision_because="it was asked for",
        processes=1,
        masked_negatives=0,
        padding_factor=1.2,
        peak_memory_bytes=2**30,
        memory=MemoryReport(texts=None, events=[]),
        validation=ValidationReport(
            metric="ndcg@10",
            questions=60,
            rows=60,
            points=[ValidationPoint(step=10 * n, loss=1 / n, score=0.6 + n / 20) for n in range(1, 5)],
            best_step=40,
            stopped_early=False,
            seconds=1,
        ),
        curve=[LossPoint(step=n + 1, loss=2 / (n + 1), learning_rate=1e-5, grad_norm=1.0) for n in range(40)],
        versions={"torch": "2"},
    )


def _lines(records: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(record) + "\n" for record in records).encode()
