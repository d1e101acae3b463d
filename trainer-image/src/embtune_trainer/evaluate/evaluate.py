"""Compare the roles on the queries that none of them was trained on."""

import time
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from embtune_api.digest import sha256_hex
from embtune_api.documents.evaluate import AskedSuite, EvaluateFacts
from embtune_api.documents.files import FileEntry, StepManifest, StoredFile, StoredModel
from embtune_api.evaluation import Suite
from embtune_api.reports import EvaluationReport
from embtune_api.requests import EvaluateRequest
from embtune_api.status import Metrics, Progress, Role
from embtune_store import documents
from embtune_store.protocol import Store
from embtune_trainer.encoder import device_for, has_bf16
from embtune_trainer.evaluate.cost import ensure_cost
from embtune_trainer.evaluate.exam import Asked, LoadedExam, LoadedPairs, group_index, load_exam
from embtune_trainer.evaluate.published import refuse_other_documents
from embtune_trainer.evaluate.results import Examinee, ensure_results, kept_scores, load_values
from embtune_trainer.evaluate.slices import Columns, Learnt, make_slices, slice_scores
from embtune_trainer.evaluate.suites import means
from embtune_trainer.prepare import fingerprints
from embtune_trainer.progress import ReportProgress


def run_evaluate(request: EvaluateRequest, store: Store, report_progress: ReportProgress) -> StepManifest:
    """Score every role by every suite, drop queries that some role has trained on, write the report, then the manifest.

    Raises:
        EmbtuneError: the candidate is not what its job says of the published model.
    """
    keys = request.job_keys.step("evaluate", request.digest)
    if done := documents.read(store, keys.manifest, StepManifest):
        return done
    started = time.monotonic()
    refuse_other_documents(request)
    bf16 = request.precision == "bf16" or (request.precision == "Auto" and has_bf16(device_for(0)))
    papers = [_Paper.of(suite, request, store, bf16) for suite in request.suites]
    scores: dict[str, dict[Role, StoredFile]] = {asked.name: {} for paper in papers for asked in paper.asked}
    metrics: dict[Role, Metrics] = {}
    cached: list[str] = []
    of_exam: dict[Role, list[tuple[Suite, Columns]]] = defaultdict(list)
    examinees = {
        judged.role: Examinee(store, judged.model, request.published if judged.role == "candidate" else None)
        for judged in request.models
    }
    for number, judged in enumerate(request.models):
        there = []
        metrics[judged.role] = {}
        for place, paper in enumerate(papers):

            def report(share: float, done: float = number + place / len(papers), role: str = judged.role) -> None:
                percent = 99 * (done + share / len(papers)) / len(request.models)
                report_progress(Progress(percent=percent, message=f"scoring the {role}"))

            exam_keys = request.line_keys.exam(paper.exam_digest)
            results = [(asked.compressed, exam_keys.results(judged.model.digest, asked.digest)) for asked in paper.asked]
            examinee = examinees[judged.role]
            there.append(ensure_results(results, examinee, paper.exam, paper.suite, report, paper.reranker, bf16))
            for asked, (_, keys_of_results) in zip(paper.asked, results, strict=True):
                scores[asked.name][judged.role] = kept_scores(store, keys_of_results)
                columns, values = load_values(store, scores[asked.name][judged.role])
                metrics[judged.role] |= means(asked.as_asked, columns, values[paper.kept])
                if paper.exam_digest == request.exam:
                    of_exam[judged.role].append((asked.as_asked, (columns, values)))
        if all(there):
            cached.append(judged.role)
        if request.cost is None:
            examinees.pop(judged.role)  # one model in memory at a time

    cost = ensure_cost(request, store, examinees, papers[0].exam, report_progress) if request.cost else None
    for role, found in cost.table.roles.items() if cost else ():
        metrics[role] |= found.metrics
    the_exam, kept = papers[0].exam, papers[0].kept
    slices = make_slices(the_exam, request.slices, _learnt(store, request))
    report_document = EvaluationReport(
        exam=request.exam,
        suites=[asked for paper in papers for asked in paper.asked],
        metrics=metrics,
        slices=slice_scores(slices, the_exam, kept, of_exam),
    )
    written = _put(store, keys.report, report_document)
    table = _put(store, keys.slices, slices) if request.slices else None
    facts = EvaluateFacts(
        scores=scores,
        slices=table.below(keys.root) if table else None,
        cost=cost.file.below(keys.root) if cost else None,
        cached=cached,
    )
    manifest = StepManifest(
        step="evaluate",
        input_digest=request.digest,
        files=[written, *([table] if table else []), *([cost.file] if cost else [])],
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


@dataclass(frozen=True)
class _Paper:
    """What one suite asks."""

    suite: Suite
    exam_digest: str
    exam: LoadedExam | LoadedPairs
    reranker: StoredModel | None
    kept: NDArray[np.bool_]
    """(asked,): no compared model was trained on it."""
    bf16: bool

    @classmethod
    def of(cls, suite: Suite, request: EvaluateRequest, store: Store, bf16: bool) -> Self:
        """Raises Tampered."""
        staged = next((staged for staged in request.staged if staged.name == suite.name), None)
        digest = staged.exam if staged else request.exam
        exam = load_exam(store, request.line_keys.exam(digest))
        return cls(suite, digest, exam, staged.reranker if staged else None, ~_seen(store, request, exam), bf16)

    @cached_property
    def asked(self) -> list[AskedSuite]:
        """Each way in which the suite is asked."""
        reranker = self.reranker.digest if self.reranker else None
        groups = len(set(group_index(self.exam)[self.kept].tolist()))
        return [
            AskedSuite(
                suite=self.suite.without_secrets,
                exam=self.exam_digest,
                digest=self.suite.digest(reranker, bf16=self.bf16, way=way),
                reranker=self.reranker,
                compressed=way,
                queries=int(self.kept.sum()),
                groups=groups,
                dropped=np.flatnonzero(~self.kept).tolist(),
            )
            for way in self.suite.ways
        ]


def _learnt(store: Store, request: EvaluateRequest) -> Learnt | None:
    """What the candidate was trained on; None: nobody knows. Raises Tampered."""
    candidate = next(judged.model for judged in request.models if judged.role == "candidate")
    if candidate.fingerprints is None:
        return None
    return partial(fingerprints.seen_queries, fingerprints.read(store, candidate.fingerprints))


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
