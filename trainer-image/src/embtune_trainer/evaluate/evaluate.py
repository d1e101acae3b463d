"""Compare the roles on the queries that none of them was trained on."""

import time

import numpy as np
from numpy.typing import NDArray

from embtune_api.digest import digest_of, sha256_hex
from embtune_api.documents import EvaluateFacts, FileEntry, StepManifest, StoredFile
from embtune_api.reports import EvaluationReport
from embtune_api.requests import EvaluateRequest
from embtune_api.status import Metrics, Progress
from embtune_store import documents
from embtune_store.protocol import Store
from embtune_trainer.evaluate.exam import LoadedExam, load_exam
from embtune_trainer.evaluate.results import ensure_results, kept_scores, load_values
from embtune_trainer.prepare import fingerprints
from embtune_trainer.progress import ReportProgress


def run_evaluate(request: EvaluateRequest, store: Store, report_progress: ReportProgress) -> StepManifest:
    """Score every role, drop queries that some role has trained on, write the report, then the manifest."""
    keys = request.job_keys.step("evaluate", request.digest)
    if done := documents.read(store, keys.manifest, StepManifest):
        return done
    started = time.monotonic()
    exam_keys = request.line_keys.exam(request.exam)
    exam = load_exam(store, exam_keys)
    suite = request.suites[0]
    suites_digest = digest_of(request.suites)

    cached: list[str] = []
    scores: dict[str, StoredFile] = {}
    metrics: dict[str, Metrics] = {}
    kept = ~_seen(store, request, exam)
    for number, judged in enumerate(request.models):

        def report(share: float, done: int = number, role: str = judged.role) -> None:
            report_progress(Progress(percent=99 * (done + share) / len(request.models), message=f"scoring the {role}"))

        results = exam_keys.results(judged.model.digest, suites_digest)
        if ensure_results(store, results, judged.model, exam, suite, report):
            cached.append(judged.role)
        scores[judged.role] = kept_scores(store, results)
        names, values = load_values(store, scores[judged.role])
        metrics[judged.role] = _means(names, values[kept])

    report_document = EvaluationReport(
        exam=request.exam,
        suites_digest=suites_digest,
        queries=int(kept.sum()),
        groups=len(set(exam.group_index[kept].tolist())),
        dropped_queries=np.flatnonzero(~kept).tolist(),
        metrics=metrics,
    )
    report_bytes = documents.as_json(report_document)
    store.put(keys.report, report_bytes)
    facts = EvaluateFacts(scores=scores, dropped=int((~kept).sum()), queries=len(exam.queries), cached=cached)
    manifest = StepManifest(
        step="evaluate",
        input_digest=request.digest,
        files=[FileEntry(path="report.json", size=len(report_bytes), sha256=sha256_hex(report_bytes))],
        facts=facts.model_dump(mode="json"),
        seconds=time.monotonic() - started,
    )
    documents.create(store, keys.manifest, manifest)
    report_progress(Progress(percent=100))
    return manifest


def _seen(store: Store, request: EvaluateRequest, exam: LoadedExam) -> NDArray[np.bool_]:
    """(queries,) bool: which queries some compared model has trained on."""
    seen = np.zeros(len(exam.queries), dtype=np.bool_)
    for judged in request.models:
        if judged.model.fingerprints is not None:
            seen |= fingerprints.seen_queries(fingerprints.read(store, judged.model.fingerprints), exam.queries)
    return seen


def _means(names: list[str], values: NDArray[np.float64]) -> Metrics:
    """Mean of each metric; None where a query could not be scored, or there is none: nothing can be said then."""
    means = values.mean(axis=0) if len(values) else np.full(len(names), np.nan)
    return {name: None if np.isnan(mean) else float(mean) for name, mean in zip(names, means, strict=True)}
