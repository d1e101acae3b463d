"""Which column of a corpus has its passages, by the names that such columns have; where these say nothing, by what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.look import FileLook

PASSAGES = ("passage", "text", "content", "body", "document", "contents", "answer", "article", "abstract", "description")
QUERIES = ("query", "question", "anchor", "search", "search_term", "keyword", "text")
NAMES = ("passage_id", "_id", "id", "doc_id", "document_id", "docid", "pid", "url", "uri", "path")
"""Each the plainest first."""


@dataclass(frozen=True)
class CorpusColumns:
    text: str
    id: str | None


def corpus_columns(file: FileLook, text: str | None, name: str | None) -> CorpusColumns:
    """`text` and `name` where somebody has said them. Raises InvalidInput: nothing says which column has the passages."""
    text = text or _column(file, PASSAGES, "passages", "--text-column")
    names = [column.name for column in file.columns if column.filled == file.rows and column.name != text]
    return CorpusColumns(text, name or _first(NAMES, names))


def query_column(file: FileLook) -> str:
    """Raises InvalidInput: nothing says which column has the queries."""
    return _column(file, QUERIES, "queries", "--query-column")


def _column(file: FileLook, names: Sequence[str], what: str, option: str) -> str:
    filled = [column for column in file.columns if column.filled]
    texts = [column.name for column in filled if not column.numeric and column.words_p50 > 1]
    found = _first(names, [column.name for column in filled]) or (texts[0] if len(texts) == 1 else None)
    if found is None:
        there = ", ".join(column.name for column in file.columns)
        raise InvalidInput(f"{file.uri}: nothing says which column has the {what}; the file has {there}. Name it with {option}.")
    return found


def _first(names: Sequence[str], there: Sequence[str]) -> str | None:
    by_name = {name.lower(): name for name in reversed(there)}
    return next((by_name[name] for name in names if name in by_name), None)
