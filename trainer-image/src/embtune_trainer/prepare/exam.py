"""The exam: the line's test set, derived from the rows that its first job holds out, then frozen for good.

A query is a distinct normalised anchor, a passage a distinct positive; a query's relevant passages are those of all its
pairs. Files are sorted by id and named by their content, so equal rows make the same exam wherever they come from. What the
groups are is part of it: rows that are grouped in another way could not be kept apart from them.
"""

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from embtune_api.digest import digest_of, sha256_hex, tree_digest
from embtune_api.documents import Exam, FileEntry, LineExam
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.keys import SHORT, ExamKeys, LineKeys
from embtune_api.split import Split
from embtune_store import documents, folders
from embtune_store.protocol import Store
from embtune_trainer.prepare import jsonl
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.prepare.rows import Row, by_content
from embtune_trainer.prepare.split import how_to_get_more


@dataclass(frozen=True)
class ExamSet:
    """The exam's three files, parsed; the order is that of their ids."""

    queries: list[dict[str, Any]]
    """{id, text, group, groups}: `group` counts in the bounds, `groups` are those of all its rows."""
    corpus: list[dict[str, Any]]
    """{id, text}"""
    qrels: list[dict[str, Any]]
    """{query, passage, relevance}"""
    group_by: str | None = None
    """The column whose values the groups are."""

    @cached_property
    def files(self) -> dict[str, bytes]:
        parts = {"queries.jsonl": self.queries, "corpus.jsonl": self.corpus, "qrels.jsonl": self.qrels}
        return {path: jsonl.to_bytes(records) for path, records in parts.items()}

    @cached_property
    def manifest(self) -> Exam:
        entries = [FileEntry(path=path, size=len(data), sha256=sha256_hex(data)) for path, data in sorted(self.files.items())]
        return Exam(
            digest=digest_of({"files": tree_digest((e.path, e.sha256) for e in entries), "group_by": self.group_by}),
            queries=len(self.queries),
            passages=len(self.corpus),
            groups=len({query["group"] for query in self.queries}),
            group_by=self.group_by,
            files=entries,
        )

    @cached_property
    def pairs(self) -> set[tuple[str, str]]:
        """Normalised (query, relevant passage)."""
        texts = {entry["id"]: normalise(entry["text"]) for entry in [*self.queries, *self.corpus]}
        return {(texts[qrel["query"]], texts[qrel["passage"]]) for qrel in self.qrels}

    @cached_property
    def passages(self) -> set[str]:
        """Normalised."""
        return {normalise(passage["text"]) for passage in self.corpus}

    @cached_property
    def groups(self) -> set[str]:
        """Every group that a row of the exam belongs to."""
        return {group for query in self.queries for group in query["groups"]}


def make_exam(rows: list[Row], split: Split) -> ExamSet:
    """The exam that the `rows` make which the split holds out.

    Raises:
        InvalidInput: no rows.
    """
    if not rows:
        raise InvalidInput(
            f"data.split: no row is held out for the exam, so the model could not be judged. "
            f"Add rows, or {how_to_get_more('test', split)}."
        )
    by_query: dict[str, list[Row]] = defaultdict(list)
    for row in by_content(rows):
        by_query[row.query].append(row)
    queries = [
        {"id": _query_id(query), "text": same[0].anchor, "group": groups[0], "groups": groups}
        for query, same in by_query.items()
        for groups in [sorted({row.group for row in same})]
    ]
    corpus = [{"id": _passage_id(text), "text": text} for text in {row.positive for row in rows}]
    pairs = {(_query_id(row.query), _passage_id(row.positive)) for row in rows}
    return ExamSet(
        queries=sorted(queries, key=lambda query: str(query["id"])),
        corpus=sorted(corpus, key=lambda passage: passage["id"]),
        qrels=[{"query": query, "passage": passage, "relevance": 1} for query, passage in sorted(pairs)],
        group_by=split.group_by,
    )


def freeze_exam(store: Store, line: LineKeys, exam: ExamSet, job_uid: str) -> bool:
    """Make `exam` the line's, unless it is. False when the line has another; the pointer is the commit."""
    pointer = line_exam(store, line)
    if pointer is not None:
        return pointer.digest == exam.manifest.digest
    keys = line.exam(exam.manifest.digest)
    for path, data in exam.files.items():
        store.create(f"{keys.root}/{path}", data)
    documents.create(store, keys.exam, exam.manifest)
    _verified(store, keys)
    if documents.create(store, line.line_exam, LineExam(digest=exam.manifest.digest, job_uid=job_uid)):
        return True
    pointer = line_exam(store, line)
    return pointer is not None and pointer.digest == exam.manifest.digest


def line_exam(store: Store, line: LineKeys) -> LineExam | None:
    """Which exam is the line's; None before its first job froze one."""
    return documents.read(store, line.line_exam, LineExam)


def load_exam(store: Store, keys: ExamKeys) -> ExamSet:
    """A frozen exam, verified.

    Raises:
        Tampered: its bytes are not those that were frozen, or it is not there.
    """
    manifest = _verified(store, keys)
    return ExamSet(
        queries=jsonl.from_bytes(store.get(keys.queries)),
        corpus=jsonl.from_bytes(store.get(keys.corpus)),
        qrels=jsonl.from_bytes(store.get(keys.qrels)),
        group_by=manifest.group_by,
    )


def refuse_other_groups(exam: ExamSet, group_by: str | None, line: LineKeys) -> None:
    """
    Raises:
        InvalidInput: a job groups its rows in another way than the line's exam, so nobody could tell which of them belong
            to a group of the exam.
    """
    if exam.group_by == group_by:
        return
    asked = f"groups by {group_by!r}" if group_by else "does not group its rows"
    grouped = f"is grouped by {exam.group_by!r}" if exam.group_by else "is not grouped by any column"
    remedy = f"Set data.split.groupBy: {exam.group_by}" if exam.group_by else "Remove data.split.groupBy"
    raise InvalidInput(
        f"data.split.groupBy: this job {asked}, but the exam of {line.model}, which its first job froze, {grouped}: rows that "
        f"belong to a group of the exam could not be kept out of training. {remedy}, or start a new line with another "
        f"spec.model."
    )


def _verified(store: Store, keys: ExamKeys) -> Exam:
    manifest = documents.read(store, keys.exam, Exam)
    if manifest is None:
        raise Tampered(f"{keys.exam} is missing, though it was frozen. Restore it from a backup, or start a new line.")
    folders.verify(store, keys.root, manifest.files)
    return manifest


def _query_id(normalised: str) -> str:
    return hashlib.sha256(normalised.encode()).hexdigest()[:SHORT]


def _passage_id(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:SHORT]
