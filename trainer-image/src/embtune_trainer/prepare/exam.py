"""The exam: the line's test set, derived from the rows that its first job holds out, then frozen for good.

What is asked depends on the shape of the rows: `questions` makes it. Files are sorted by id and named by their content, so
equal rows make the same exam wherever they come from. What the groups are is part of it: rows that are grouped in another
way could not be kept apart from them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from embtune_api.digest import digest_of, sha256_hex, tree_digest
from embtune_api.documents.exam import Exam, LineExam
from embtune_api.documents.files import FileEntry
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.keys import ExamKeys, LineKeys
from embtune_api.losses import Prepared, Shape
from embtune_api.slices import Slice
from embtune_api.split import Split
from embtune_store import documents, folders
from embtune_store.protocol import Store
from embtune_trainer.prepare import jsonl
from embtune_trainer.prepare.findings import counted
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.prepare.questions import ask, shape_of
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.split import how_to_get_more


@dataclass(frozen=True)
class ExamSet:
    """The exam's files, parsed; the order is that of their ids. An exam of scored pairs has `scored` alone."""

    queries: list[dict[str, Any]] = field(default_factory=list)
    """{id, text, group, groups, slices?}: `group` counts in the bounds, `groups` are those of all its rows; `slices` are the
    values of the columns that the first job wanted to tell apart: {column: [value]}; of labelled texts also labels"""
    corpus: list[dict[str, Any]] = field(default_factory=list)
    """{id, text}; of labelled texts {id, text, groups, labels}"""
    qrels: list[dict[str, Any]] = field(default_factory=list)
    """{query, passage, relevance}: grades from 1; 0 is known to be wrong, as the negatives of triplets"""
    reference: list[dict[str, Any]] = field(default_factory=list)
    """{id, text, labels}: labelled texts to learn labels from, where they are not the corpus. They may be trained on."""
    scored: list[dict[str, Any]] = field(default_factory=list)
    """{id, sentence1, sentence2, score, group, groups, slices?}"""
    group_by: str | None = None
    """The column whose values the groups are."""
    shape: Shape = "pairs"
    """Of the rows that it was made of; triplets are asked as pairs are."""

    @cached_property
    def files(self) -> dict[str, bytes]:
        if self.shape == "scored pairs":
            return {"pairs.jsonl": jsonl.to_bytes(self.scored)}
        parts = {"queries.jsonl": self.queries, "corpus.jsonl": self.corpus, "qrels.jsonl": self.qrels}
        if self.reference:
            parts["reference.jsonl"] = self.reference
        return {path: jsonl.to_bytes(records) for path, records in parts.items()}

    @cached_property
    def manifest(self) -> Exam:
        entries = [FileEntry(path=path, size=len(data), sha256=sha256_hex(data)) for path, data in sorted(self.files.items())]
        identity = {"files": tree_digest((e.path, e.sha256) for e in entries), "group_by": self.group_by}
        return Exam(
            digest=digest_of(identity if self.shape == "pairs" else {**identity, "shape": self.shape}),
            queries=len(self.asked),
            passages=len(self.corpus),
            groups=len({asked["group"] for asked in self.asked}),
            group_by=self.group_by,
            shape=self.shape,
            files=entries,
        )

    @property
    def prepared_shape(self) -> Prepared:
        """Of the rows that it was made of; scored pairs whose scores are all 0 or 1 are 0/1 pairs, and pairs some of which have
        negatives are triplets."""
        if self.scored:
            return "0/1 pairs" if {pair["score"] for pair in self.scored} <= {0, 1} else "scored pairs"
        return "triplets" if any(qrel["relevance"] == 0 for qrel in self.qrels) else self.shape

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What the model is asked: queries, or scored pairs."""
        return self.scored or self.queries

    @cached_property
    def slices(self) -> set[str]:
        """Names of the slices that it keeps values of."""
        return {name for asked in self.asked for name in asked.get("slices", ())}

    @cached_property
    def unseen(self) -> set[str]:
        """Normalised texts that must not be trained on: its queries. Of labelled texts and of scored pairs every text."""
        texts = {entry["text"] for entry in self.queries}
        if self.shape == "labelled texts":
            texts |= {entry["text"] for entry in self.corpus}
        return set(map(normalise, texts)) | {text for pair in self.pairs for text in pair if self.scored}

    @cached_property
    def pairs(self) -> set[tuple[str, str]]:
        """Normalised (query, relevant passage), or both texts of a scored pair. Of labelled texts, which are no pairs, none."""
        if self.shape == "labelled texts":
            return set()
        if self.scored:
            return {(normalise(pair["sentence1"]), normalise(pair["sentence2"])) for pair in self.scored}
        texts = {entry["id"]: normalise(entry["text"]) for entry in [*self.queries, *self.corpus]}
        return {(texts[qrel["query"]], texts[qrel["passage"]]) for qrel in self.qrels if qrel["relevance"] > 0}

    @cached_property
    def passages(self) -> set[str]:
        """Normalised."""
        return {normalise(passage["text"]) for passage in self.corpus}

    @cached_property
    def groups(self) -> set[str]:
        """Every group that a row of the exam belongs to."""
        return {group for entry in [*self.asked, *self.corpus] for group in entry.get("groups", ())}


def make_exam(rows: list[Row], split: Split) -> ExamSet:
    """The exam that the `rows` make which the split holds out.

    Raises:
        InvalidInput: no rows, or labelled texts of which no two have the same label.
    """
    if not rows:
        raise InvalidInput(
            f"data.split: no row is held out for the exam, so the model could not be judged. "
            f"Add rows, or {how_to_get_more('test', split)}."
        )
    exam = ExamSet(**ask(rows), group_by=split.group_by, shape=shape_of(rows))
    if not exam.asked:
        raise InvalidInput(
            f"data.split: of the {counted(len(rows))} held out for the exam no two have the same label, so nothing could be "
            f"asked. Add rows, or {how_to_get_more('test', split)}."
        )
    return exam


def freeze_exam(store: Store, line: LineKeys, exam: ExamSet, job_uid: str) -> bool:
    """Make `exam` the line's, unless it is. False when the line has another; the pointer is the commit."""
    pointer = line_exam(store, line)
    if pointer is not None:
        return pointer.digest == exam.manifest.digest
    keep_exam(store, line, exam)
    if documents.create(store, line.line_exam, LineExam(digest=exam.manifest.digest, job_uid=job_uid)):
        return True
    pointer = line_exam(store, line)
    return pointer is not None and pointer.digest == exam.manifest.digest


def keep_exam(store: Store, line: LineKeys, exam: ExamSet) -> None:
    """Have it in the line, by its content; nothing is written where it is there. Raises Tampered."""
    keys = line.exam(exam.manifest.digest)
    for path, data in exam.files.items():
        store.create(f"{keys.root}/{path}", data)
    documents.create(store, keys.exam, exam.manifest)
    _verified(store, keys)


def line_exam(store: Store, line: LineKeys) -> LineExam | None:
    """Which exam is the line's; None before its first job froze one."""
    return documents.read(store, line.line_exam, LineExam)


def load_exam(store: Store, keys: ExamKeys) -> ExamSet:
    """A frozen exam, verified.

    Raises:
        Tampered: its bytes are not those that were frozen, or it is not there.
    """
    manifest = _verified(store, keys)
    parts = {
        "scored" if file.path == "pairs.jsonl" else file.path.removesuffix(".jsonl"): jsonl.from_bytes(
            store.get(f"{keys.root}/{file.path}")
        )
        for file in manifest.files
    }
    return ExamSet(**parts, group_by=manifest.group_by, shape=manifest.shape)


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


def refuse_unknown_slices(exam: ExamSet, slices: Sequence[Slice], line: LineKeys, *, frozen_before: bool) -> None:
    """
    Raises:
        InvalidInput: no query of the exam has a value of a column that the job wants slices by.
    """
    for number, wanted in enumerate(slices):
        if not wanted.kept_by_the_exam or wanted.name in exam.slices:
            continue
        where = f"evaluation.slices[{number}]: no query of the exam has a value of {wanted.name!r}"
        if frozen_before:
            kept = ", ".join(sorted(exam.slices)) or "nothing"
            raise InvalidInput(
                f"{where}. The first job of {line.model} froze the exam, which keeps values of: {kept}. Name one of these, "
                f"ask for slices by Length, which need nothing kept, or start a new line with another spec.model."
            )
        remedy = "say train[].language" if wanted.by == "Language" else "name a column of the files of data.train"
        raise InvalidInput(f"{where}: {remedy}, with a value in rows that the split holds out.")


def _verified(store: Store, keys: ExamKeys) -> Exam:
    manifest = documents.read(store, keys.exam, Exam)
    if manifest is None:
        raise Tampered(f"{keys.exam} is missing, though it was frozen. Restore it from a backup, or start a new line.")
    folders.verify(store, keys.root, manifest.files)
    return manifest
