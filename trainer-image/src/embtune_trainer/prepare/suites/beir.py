"""A retrieval test set as BEIR has it: corpus.jsonl, queries.jsonl, qrels.tsv (Thakur et al. 2021)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.reports import Finding
from embtune_api.suite_data import BeirFiles
from embtune_trainer.prepare.exam import ExamSet
from embtune_trainer.prepare.findings import Hit, settle
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.records import Record, broken, read_records
from embtune_trainer.prepare.sources import content_at

_QRELS = ("query-id", "corpus-id", "score")
_HIGHEST = 1000
"""of a grade: beyond, somebody has mixed up the columns"""


def read_beir(suite: Suite, files: BeirFiles, folder: Path | None, outside: Outside, place: str) -> tuple[ExamSet, list[Finding]]:
    """The exam of the three files. Queries without a relevant passage are not asked: nothing could be said of them.

    Args:
        place: the field of the spec that errors begin with.

    Raises:
        InvalidInput: a file cannot be had or read; an id is there twice, or missing (`file:row`); nothing is relevant.
    """

    def records(uri: str, name: str, wanted: tuple[str, ...] = ()) -> Iterator[Record]:
        content, _ = content_at(files.source(uri), folder, f"{place}.beir.{name}", outside)
        found = read_records(uri, content, wanted)
        return (record for record in found.records if record.values)

    corpus = _texts(files.corpus, records(files.corpus, "corpus"), titled=True)
    queries = _texts(files.queries, records(files.queries, "queries"), titled=False)
    qrels = _qrels(files, records(files.qrels, "qrels", _QRELS), corpus, queries)
    asked = {query for (query, _), relevance in qrels.items() if relevance > 0}
    if not asked:
        raise InvalidInput(f"{place}.beir.qrels: no query of {files.qrels} has a relevant passage. Give other files.")
    left = [Hit(files.queries, text) for identity, text in sorted(queries.items()) if identity not in asked]
    exam = ExamSet(
        queries=[{"id": one, "text": queries[one], **_group(queries[one])} for one in sorted(asked)],
        corpus=[{"id": identity, "text": text} for identity, text in sorted(corpus.items())],
        qrels=[
            {"query": query, "passage": passage, "relevance": relevance}
            for (query, passage), relevance in sorted(qrels.items())
            if relevance > 0
        ],
    )
    message = f"of suite {suite.name} are queries without a relevant passage, and are not asked"
    return exam, settle(f"suites/{suite.name}/not-asked", left, "Fix", message, place)


def _group(text: str) -> dict[str, Any]:
    """Queries that say the same are one group."""
    return {"group": normalise(text), "groups": [normalise(text)]}


def _texts(uri: str, records: Iterator[Record], *, titled: bool) -> dict[str, str]:
    """Id → text."""
    found: dict[str, str] = {}
    for record in records:
        identity, text = record.values.get("_id"), record.values.get("text")
        if not isinstance(identity, str) or not identity:
            raise broken(uri, record.line, "'_id' is missing, or no text")
        title = record.values.get("title") or "" if titled else ""
        whole = " ".join(part.strip() for part in (title, text) if isinstance(part, str) and part.strip())
        if not whole:
            raise broken(uri, record.line, "'text' is missing, or blank")
        if identity in found:
            raise broken(uri, record.line, f"the id {identity!r} is there twice, so nobody knows which text is meant")
        found[identity] = whole
    return found


def _qrels(
    files: BeirFiles, records: Iterator[Record], corpus: dict[str, str], queries: dict[str, str]
) -> dict[tuple[str, str], int]:
    """(query, passage) → grade; what is said twice must be said alike."""
    found: dict[tuple[str, str], int] = {}
    for record in records:
        if missing := [column for column in _QRELS if column not in record.values]:
            raise broken(files.qrels, record.line, f"no column {' and no column '.join(missing)}; its header names them")
        query, passage, score = (str(record.values.get(column) or "").strip() for column in _QRELS)
        if query not in queries:
            raise broken(files.qrels, record.line, f"there is no query {query!r} in {files.queries}")
        if passage not in corpus:
            raise broken(files.qrels, record.line, f"there is no passage {passage!r} in {files.corpus}")
        try:
            relevance = max(0, int(score))
        except ValueError:
            raise broken(files.qrels, record.line, f"the score {score!r} is no whole number") from None
        if relevance > _HIGHEST:
            raise broken(files.qrels, record.line, f"the score {score} is more than {_HIGHEST}")
        if found.setdefault((query, passage), relevance) != relevance:
            raise broken(files.qrels, record.line, f"{query!r} and {passage!r} stand there before, with another score")
    return found
