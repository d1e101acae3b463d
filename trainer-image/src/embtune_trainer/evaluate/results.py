"""What one model scores on one exam: computed once, kept by content, shared by every later comparison."""

import io
import json

import numpy as np
import torch
from numpy.typing import NDArray

from embtune_api.digest import sha256_hex
from embtune_api.documents import FileEntry, ResultManifest, StoredFile, StoredModel
from embtune_api.errors import Tampered
from embtune_api.keys import ResultKeys
from embtune_api.metrics import RETRIEVAL_METRICS
from embtune_api.spec import Suite
from embtune_store import documents
from embtune_store.folders import read_verified
from embtune_store.protocol import Store
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.encoder import device_for, fetch_model, load_encoder
from embtune_trainer.evaluate.encoding import ReportShare, encode
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.ranking import rank_passages
from embtune_trainer.evaluate.retrieval_metrics import retrieval_metric

SHOWN = 10
"""Top passages that the per-query file lists."""


def ensure_results(
    store: Store, keys: ResultKeys, model: StoredModel, exam: LoadedExam, suite: Suite, report: ReportShare
) -> bool:
    """Score the model unless its results are there. Returns whether they were."""
    if store.exists(keys.manifest):
        return True
    ranked, finite = _rank(store, model, exam, max(*suite.cutoffs, SHOWN), report)
    gains = exam.gains(ranked)
    values = np.stack([retrieval_metric(name, k, gains, exam.ideal) for name in RETRIEVAL_METRICS for k in suite.cutoffs], axis=1)
    values[~finite] = np.nan
    _write(store, keys, exam, ranked, suite.metrics(), values)
    return False


def kept_scores(store: Store, keys: ResultKeys) -> StoredFile:
    """The scores as their manifest lists them. Raises Tampered when it does not."""
    manifest = documents.read(store, keys.manifest, ResultManifest)
    scores = manifest.scores(keys) if manifest else None
    if scores is None:
        raise Tampered(f"{keys.manifest} does not list {keys.scores}. Delete that folder, and run the same command again.")
    return scores


def load_values(store: Store, scores: StoredFile) -> tuple[list[str], NDArray[np.float64]]:
    """Metric names, and their values (queries, metrics) float64. Raises Tampered."""
    with np.load(io.BytesIO(read_verified(store, scores)), allow_pickle=False) as arrays:
        return [str(name) for name in arrays["metrics"]], arrays["values"]


def _rank(
    store: Store, model: StoredModel, exam: LoadedExam, depth: int, report: ReportShare
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Ranked passages (queries, depth), and which queries can be believed: all vectors involved are finite."""
    torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))
    encoder = load_encoder(fetch_model(store, model), device_for(0))
    share = len(exam.queries) / (len(exam.queries) + len(exam.passages))
    queries = encode(encoder, exam.queries, "query", lambda done: report(done * share))
    passages = encode(encoder, exam.passages, "document", lambda done: report(share + done * (1 - share)))
    finite = np.logical_and(np.isfinite(queries).all(axis=1), np.isfinite(passages).all())
    ranked = rank_passages(np.nan_to_num(queries), np.nan_to_num(passages), exam.passage_ids, depth)
    return ranked, finite


def _write(
    store: Store,
    keys: ResultKeys,
    exam: LoadedExam,
    ranked: NDArray[np.int64],
    names: tuple[str, ...],
    values: NDArray[np.float64],
) -> None:
    """Scores for programs, a line a query for people, the manifest last.

    Two processes may score one model at once, and GPUs differ in the last digit: the first file written stays.
    """
    arrays = io.BytesIO()
    np.savez_compressed(arrays, metrics=np.array(names), values=values, groups=exam.group_index)
    lines = "".join(
        json.dumps(_for_people(exam, number, ranked[number], names, values[number]), ensure_ascii=False) + "\n"
        for number in range(len(exam.queries))
    )
    files = []
    for key, data in ((keys.scores, arrays.getvalue()), (keys.per_query, lines.encode())):
        kept = data if store.create(key, data) else store.get(key)
        files.append(FileEntry(path=key.rpartition("/")[2], size=len(kept), sha256=sha256_hex(kept)))
    documents.create(store, keys.manifest, ResultManifest(files=files))


def _for_people(
    exam: LoadedExam, number: int, ranked: NDArray[np.int64], names: tuple[str, ...], values: NDArray[np.float64]
) -> dict[str, object]:
    return {
        "query": exam.query_ids[number],
        "text": exam.queries[number],
        "group": exam.groups[number],
        "top": [exam.passage_ids[index] for index in ranked[:SHOWN]],
        "metrics": {name: None if np.isnan(value) else round(float(value), 6) for name, value in zip(names, values, strict=True)},
    }
