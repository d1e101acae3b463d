"""What the published model reads and gives: `spec.encoder`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from embtune_api.base import Document, Resource
from embtune_api.length import Length

Pooling = Literal["Mean", "Cls", "Max", "LastToken", "MeanSqrtLen", "WeightedMean"]
"""Of sentence-transformers: mean, cls, max, lasttoken, mean_sqrt_len_tokens, weightedmean."""
Prompt = Annotated[str, StringConstraints(max_length=1024)]


class Prompts(Resource):
    """What stands before every text of a side."""

    query: Prompt | None = None
    """Before queries, such as `query: `; empty: nothing. Default: the base model's."""
    document: Prompt | None = None
    """Before documents, such as `passage: `; empty: nothing. Default: the base model's."""


class Encoder(Resource):
    """The published model, alike in training, mining, evaluation and serving: all of it is in the model's own folder. What is
    left out is as in the base model."""

    max_seq_length: Length | None = None
    """Tokens a text that it reads; training.maxSeqLength may be lower, and does not change this."""
    prompts: Prompts | None = None
    """Kept in its folder, where `encode_query` and `encode_document` find them."""
    pooling: Pooling | None = None
    """How one vector is made of those of the tokens."""
    normalize: bool | None = None
    """Whether vectors have length 1."""


class EncoderSettings(Document):
    """The same of one model, every value explicit: what a job says and what a folder does are compared by this."""

    max_seq_length: int | None
    """None: no limit."""
    query_prompt: str
    document_prompt: str
    other_prompt: str
    """Before texts that are neither, where the model has one for any text."""
    pooling: str
    """In sentence-transformers' own word."""
    normalize: bool
    dimension: int
    """Of its vectors."""
    frozen_documents: bool = False
    """It has two encoders, and this is the one of queries; documents are encoded by the base model."""


QUERY_FOLDER, DOCUMENT_FOLDER = "query", "document"
"""Of a model of two encoders: each a plain folder below the model's own."""
ROUTER_FILE = "router_config.json"
"""By it such a model is known."""
