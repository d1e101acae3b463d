"""Both models' answers to every query of an exam, with the texts, from what `evaluate` keeps of each."""

from __future__ import annotations

import json
from collections import defaultdict
from math import isfinite
from typing import TYPE_CHECKING, Any

from embtune_api.documents.evaluate import ResultManifest
from embtune_api.documents.exam import Exam
from embtune_api.errors import NotFound
from embtune_operator.judge.diagnosis import Answered
from embtune_store import documents
from embtune_store.folders import read_verified

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embtune_api.documents.files import StoredFile
    from embtune_api.keys import ExamKeys, ResultKeys
    from embtune_store.protocol import Store

Entry = dict[str, Any]


def read_answers(
    store: Store, exam: ExamKeys, first: ResultKeys, second: ResultKeys, metric: str, dropped: Iterable[int] = ()
) -> list[Answered]:
    """Queries of an exam of passages, in its order, for `diagnose`.

    Args:
        metric: a mean over queries, such as test/ndcg@10.
        dropped: indices of the queries that are left out, as those are that a model could not be scored on.

    Raises:
        NotFound: the exam, or what one of them was kept of, has been deleted; or it has no passages, or no such metric.
        Tampered: the bytes are not those that were written.
    """
    entries = _exam_files(store, exam)
    texts = {entry["id"]: str(entry["text"]) for entry in entries["corpus.jsonl"]}
    relevant: dict[str, list[str]] = defaultdict(list)
    for qrel in entries["qrels.jsonl"]:
        if qrel["relevance"] > 0:
            relevant[qrel["query"]].append(texts[qrel["passage"]])
    left_out = set(dropped)
    rows = zip(_per_query(store, first), _per_query(store, second), strict=True)
    return [
        Answered(
            text=one["text"],
            group=one["group"],
            first=_value(one, metric),
            second=_value(other, metric),
            relevant=tuple(relevant[one["query"]]),
            first_top=texts[one["top"][0]] if one["top"] else "",
            second_top=texts[other["top"][0]] if other["top"] else "",
        )
        for number, (one, other) in enumerate(rows)
        if number not in left_out and isfinite(_value(one, metric)) and isfinite(_value(other, metric))
    ]


def _value(entry: Entry, metric: str) -> float:
    if metric not in entry["metrics"]:
        raise NotFound(f"{metric} was not kept query by query; there are: {', '.join(entry['metrics'])}")
    value = entry["metrics"][metric]
    return float("nan") if value is None else float(value)


def _exam_files(store: Store, exam: ExamKeys) -> dict[str, list[Entry]]:
    manifest = documents.read(store, exam.exam, Exam)
    if manifest is None:
        raise NotFound(f"There is no object {exam.exam} in the store {store.uri}.")
    found = {file.path: _lines(store, file.below(exam.root)) for file in manifest.files}
    if "qrels.jsonl" not in found:
        raise NotFound(f"{exam.exam} is an exam of pairs of texts: it has no queries and passages.")
    return found


def _per_query(store: Store, results: ResultKeys) -> list[Entry]:
    manifest = documents.read(store, results.manifest, ResultManifest)
    files = [file.below(results.root) for file in manifest.files] if manifest else []
    file = next((file for file in files if file.key == results.per_query), None)
    if file is None:
        raise NotFound(f"There is no object {results.per_query} in the store {store.uri}: evaluate the model again.")
    return _lines(store, file)


def _lines(store: Store, file: StoredFile) -> list[Entry]:
    return [json.loads(line) for line in read_verified(store, file).split(b"\n") if line]
