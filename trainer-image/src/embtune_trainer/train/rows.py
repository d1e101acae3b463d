"""The prepared rows, tokenized once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_trainer.encoder import TokenIds, tokenize
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.train.positives import KnownPositives

# The names that encode_query and encode_document of sentence-transformers 6.2 look for, in their order.
QUERY_PROMPTS = ("query",)
DOCUMENT_PROMPTS = ("document", "passage", "corpus")


@dataclass(frozen=True)
class PairRows:
    """Pairs as token ids, and which of them must not be each other's negatives."""

    anchors: list[TokenIds]
    positives: list[TokenIds]
    known: KnownPositives

    def __len__(self) -> int:
        return len(self.anchors)

    @cached_property
    def lengths(self) -> NDArray[np.int64]:
        """(rows, 2) int64: tokens of anchor and positive."""
        pairs = zip(self.anchors, self.positives, strict=True)
        return np.array([(len(anchor), len(positive)) for anchor, positive in pairs], dtype=np.int64).reshape(-1, 2)


def read_pairs(data: bytes, model: SentenceTransformer, max_length: int | None) -> PairRows:
    """Rows of `train.jsonl`, tokenized for `model`: anchors as `encode_query` would, positives as `encode_document` would."""
    rows = [json.loads(line) for line in data.splitlines()]
    anchors, positives = [row["anchor"] for row in rows], [row["positive"] for row in rows]
    labels: Sequence[str] | None = [str(row["label"]) for row in rows] if rows and "label" in rows[0] else None
    return PairRows(
        anchors=tokenize(model, _prompted(model, QUERY_PROMPTS, anchors), max_length),
        positives=tokenize(model, _prompted(model, DOCUMENT_PROMPTS, positives), max_length),
        known=KnownPositives([normalise(text) for text in anchors], [normalise(text) for text in positives], labels),
    )


def _prompted(model: SentenceTransformer, names: Sequence[str], texts: list[str]) -> list[str]:
    """The texts behind the model's own prompt: a model must be trained on what it is asked later."""
    name = next((name for name in names if name in model.prompts), model.default_prompt_name)
    prompt = model.prompts.get(name) if name else None
    return [f"{prompt}{text}" for text in texts] if prompt else texts
