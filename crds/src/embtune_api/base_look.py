"""What `embtune-trainer look` finds out about a base model: how it does on validation rows, and how it reads their texts."""

from __future__ import annotations

from embtune_api.base import Document
from embtune_api.evaluation import Suite


class TokenLook(Document):
    """Lengths of the texts on one side, by the base's own tokenizer, with its special tokens and prompt."""

    side: str
    """query, document, or either"""
    p50: int
    p95: int
    longest: int
    cut: float
    """Share of the texts that are longer than the base reads."""


class BaseLook(Document):
    """How an untouched base model does on the validation rows of the data."""

    uri: str
    suite: Suite
    columns: list[str]
    """As an evaluation keeps them: a metric each, or similarity and score."""
    values: list[list[float | None]]
    """(asked, columns); None: not a number."""
    groups: list[int]
    """(asked,): equal numbers for equal groups."""
    passages: int
    """That every query was asked for; 0 of scored pairs."""
    asked_of: int
    """Questions of the validation rows; those asked are chosen by hash where there are many."""
    lexical: list[float | None] | None = None
    """Retrieval: ndcg@10 of each query by BM25, which knows words alone."""
    texts: int
    """Encoded."""
    seconds: float
    """That encoding took on this machine."""
    reads: int | None
    """Tokens of a text that it reads; None: without limit."""
    tokens: list[TokenLook]
    prompts: dict[str, str]
    """What it puts before queries and documents by itself: query, document; empty texts are left out."""
