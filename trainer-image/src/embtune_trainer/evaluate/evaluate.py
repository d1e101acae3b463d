"""Compare the roles on the queries that none of them was trained on."""

import time

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from embtune_api.digest import digest_of, sha256_hex
from embtune_api.documents import EvaluateFacts, FileEntry, StepManifest, StoredFile
from embtune_api.reports import EvaluationReport
from embtune_api.requests import EvaluateRequest
from embtune_api.status import Metrics, Progress, Role
from embtune_store import documents
from embtune_store.protocol import Store
from embtune_trainer.evaluate.exam import Asked, group_index, load_exam
from embtune_trainer.evaluate.results import ensure_results, kept_scores, load_values
from embtune_trainer.evaluate.slices import Columns, make_slices, slice_scores
from embtune_trainer.evaluate.suites import means
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
    scores: dict[Role, StoredFile] = {}
    metrics: dict[Role, Metrics] = {}
    of_roles: dict[Role, Columns] = {}
    kept = ~_seen(store, request, exam)
    for number, judged in enumerate(request.models):

        def report(share: float, done: int = number, role: str = judged.role) -> None:
            report_progress(Progress(percent=99 * (done + share) / len(request.models), message=f"scoring the {role}"))

        results = exam_keys.results(judged.model.digest, suites_digest)
        if ensure_results(store, results, judged.model, exam, suite, report):
            cached.append(judged.role)
        scores[judged.role] = kept_scores(store, results)
        columns, values = load_values(store, scores[judged.role])
        metrics[judged.role] = means(suite, columns, values[kept])
        of_roles[judged.role] = columns, values

    slices = make_slices(exam, request.slices)
    report_document = EvaluationReport(
        exam=request.exam,
        suites_digest=suites_digest,
        queries=int(kept.sum()),
        groups=len(set(group_index(exam)[kept].tolist())),
        dropped_queries=np.flatnonzero(~kept).tolist(),
        metrics=metrics,
        slices=slice_scores(slices, exam, kept, suite, of_roles),
    )
    written = _put(store, keys.report, report_document)
    table = _put(store, keys.slices, slices) if request.slices else None
    facts = EvaluateFacts(
        scores=scores,
        dropped=int((~kept).sum()),
        queries=len(exam.ids),
        slices=table.below(keys.root) if table else None,
        cached=cached,
    )
    manifest = StepManifest(
        step="evaluate",
        input_digest=request.digest,
        files=[written, *([table] if table else [])],
        facts=facts.model_dump(mode="json"),
        seconds=time.monotonic() - started,
    )
    documents.create(store, keys.manifest, manifest)
    report_progress(Progress(percent=100))
    return manifest


def _put(store: Store, key: str, document: BaseModel) -> FileEntry:
    data = documents.as_json(document)
    store.put(key, data)
    return FileEntry(path=key.rpartition("/")[2], size=len(data), sha256=sha256_hex(data))


def _seen(store: Store, request: EvaluateRequest, exam: Asked) -> NDArray[np.bool_]:
    """(asked,) bool: what some compared model has trained on."""
    sides = list(zip(*exam.texts, strict=True))
    seen = np.zeros(len(exam.ids), dtype=np.bool_)
    for judged in request.models:
        if judged.model.fingerprints is not None:
            known = fingerprints.read(store, judged.model.fingerprints)
            for side in sides:
                seen |= fingerprints.seen_queries(known, side)
    return seen
