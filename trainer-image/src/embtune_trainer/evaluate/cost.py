"""What it costs to use the compared models: sizes, and times that are taken here, of all of them in turn.

Times differ from machine to machine, and on one machine from minute to minute. So they are taken of every model round by round,
each round in another order, and are kept with this evaluation alone.
"""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from sentence_transformers import SentenceTransformer

from embtune_api.cost import CostSettings
from embtune_api.digest import sha256_hex
from embtune_api.documents.cost import CostTable, RoleCost, Round
from embtune_api.documents.files import FileEntry
from embtune_api.requests import EvaluateRequest
from embtune_api.status import Progress, Role
from embtune_store import documents
from embtune_store.protocol import Store
from embtune_trainer.encoder import device_for, device_name
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs
from embtune_trainer.evaluate.results import Examinee
from embtune_trainer.progress import ReportProgress


@dataclass(frozen=True)
class KeptCost:
    table: CostTable
    file: FileEntry


@dataclass(frozen=True)
class _Texts:
    """What is encoded in every round."""

    queries: list[str]
    documents: list[str]

    @classmethod
    def of(cls, exam: LoadedExam | LoadedPairs, settings: CostSettings) -> "_Texts":
        if isinstance(exam, LoadedPairs):
            return cls(_some(exam.distinct, settings.queries), _some(exam.distinct, settings.documents))
        return cls(_some(exam.queries, settings.queries), _some(exam.passages, settings.documents))


def ensure_cost(
    request: EvaluateRequest,
    store: Store,
    examinees: Mapping[Role, Examinee],
    exam: LoadedExam | LoadedPairs,
    report: ReportProgress,
) -> KeptCost:
    """Measured unless this step has done so before: the first that is written stays, whole, with the times of one machine.

    Raises:
        EmbtuneError: a model cannot be loaded.
    """
    assert request.cost
    key = request.job_keys.step("evaluate", request.digest).cost
    if not store.exists(key):
        documents.create(store, key, _measured(examinees, exam, request.cost.times, report))
    data = store.get(key)
    entry = FileEntry(path=key.rpartition("/")[2], size=len(data), sha256=sha256_hex(data))
    return KeptCost(CostTable.model_validate_json(data), entry)


def _measured(
    examinees: Mapping[Role, Examinee], exam: LoadedExam | LoadedPairs, times: CostSettings | None, report: ReportProgress
) -> CostTable:
    encoders = {role: examinee.encoder for role, examinee in examinees.items()}
    rounds = take_times(encoders, exam, times, report) if times else {}
    roles = {
        role: RoleCost(
            size=sum(file.size for file in examinee.model.files),
            dimension=encoders[role].get_embedding_dimension() or 0,
            rounds=rounds.get(role, []),
        )
        for role, examinee in examinees.items()
    }
    return CostTable(machine=device_name(device_for(0)), roles=roles)


def take_times(
    encoders: Mapping[Role, SentenceTransformer], exam: LoadedExam | LoadedPairs, settings: CostSettings, report: ReportProgress
) -> dict[Role, list[Round]]:
    """The rounds of every model. Each round begins with another model, so that none is favoured."""
    texts = _Texts.of(exam, settings)
    for encoder in encoders.values():
        _round(encoder, texts, settings.batch_size)  # to warm up
    found: dict[Role, list[Round]] = {role: [] for role in encoders}
    roles = list(encoders)
    for number in range(settings.rounds):
        report(Progress(percent=99, message=f"taking times, round {number + 1} of {settings.rounds}"))
        first = number % len(roles)
        for role in roles[first:] + roles[:first]:
            found[role].append(_round(encoders[role], texts, settings.batch_size))
    return found


def _round(encoder: SentenceTransformer, texts: _Texts, batch_size: int) -> Round:
    waited = []
    for query in texts.queries:
        started = time.perf_counter()
        encoder.encode_query([query], show_progress_bar=False)
        waited.append(1000 * (time.perf_counter() - started))
    started = time.perf_counter()
    encoder.encode_document(texts.documents, batch_size=batch_size, show_progress_bar=False)
    seconds = time.perf_counter() - started
    half, most = np.percentile(waited, [50, 95])
    return Round(query_p50_ms=float(half), query_p95_ms=float(most), documents_per_second=len(texts.documents) / seconds)


def _some(texts: Sequence[str], most: int) -> list[str]:
    """Chosen by hash: the same ones for every model, wherever they stand in the exam."""
    return sorted(texts, key=lambda text: hashlib.sha256(text.encode()).digest())[:most]
