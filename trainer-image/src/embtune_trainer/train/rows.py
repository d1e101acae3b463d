"""The prepared rows, tokenized once: whatever their shape, each is a few texts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_trainer.encoder import TokenIds, tokenize
from embtune_trainer.prompts import DOCUMENT_PROMPTS, NO_SIDE, QUERY_PROMPTS, prompt_for
from embtune_trainer.train.batches import Rows

Record = dict[str, Any]


@dataclass(frozen=True)
class TrainingRows:
    """Rows as token ids."""

    texts: list[tuple[TokenIds, ...]]
    """Of each row: anchor, positive, negatives…; or sentence1, sentence2; or one text."""

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """(rows,) int64: tokens of each row."""
        return np.array([sum(map(len, texts)) for texts in self.texts], dtype=np.int64)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """(rows,) int64: texts of each row."""
        return np.array([len(texts) for texts in self.texts], dtype=np.int64)

    def of(self, rows: Rows) -> list[TokenIds]:
        """The texts of these rows, row after row."""
        return [text for row in rows for text in self.texts[row]]


def read_records(data: bytes) -> list[Record]:
    """Rows of `train.jsonl`."""
    return [json.loads(line) for line in data.splitlines()]


def texts_of(records: Sequence[Record]) -> list[str]:
    """Of the first rows, enough to look at; each once."""
    sides = (side for record in records[:100] for side in _sides(record))
    return list(dict.fromkeys(text for texts in sides for text in texts))


def tokenize_rows(records: Sequence[Record], model: SentenceTransformer, max_length: int | None) -> TrainingRows:
    """Tokenized for `model`: anchors as `encode_query` would, their answers as `encode_document`, other texts as `encode`."""
    sides = [_sides(record) for record in records]
    queries = _tokens(model, QUERY_PROMPTS, [text for query, _, _ in sides for text in query], max_length)
    documents = _tokens(model, DOCUMENT_PROMPTS, [text for _, answers, _ in sides for text in answers], max_length)
    others = _tokens(model, NO_SIDE, [text for _, _, neither in sides for text in neither], max_length)
    feeds = (iter(queries), iter(documents), iter(others))
    return TrainingRows([tuple(next(feed) for feed, side in zip(feeds, row, strict=True) for _ in side) for row in sides])


def _sides(record: Record) -> tuple[list[str], list[str], list[str]]:
    """Its texts: of queries, of their answers, and of neither."""
    if "anchor" in record:
        return [record["anchor"]], [record["positive"], *record.get("negatives", ())], []
    if "text" in record:
        return [], [], [record["text"]]
    return [], [], [record["sentence1"], record["sentence2"]]


def _tokens(model: SentenceTransformer, names: Sequence[str], texts: list[str], max_length: int | None) -> list[TokenIds]:
    """Of the texts behind the model's own prompt: a model must be trained on what it is asked later."""
    prompt = prompt_of(model, names)
    return tokenize(model, [f"{prompt}{text}" for text in texts] if prompt else texts, max_length)


def prompt_of(model: SentenceTransformer, names: Sequence[str]) -> str:
    """What the model puts before texts of the first of these names that it has; else before any text."""
    return prompt_for(names, model.prompts, model.default_prompt_name)
