"""Texts to vectors, each text once: what the line has embedded before is read from its cache."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_api.digest import digest_of
from embtune_api.documents.files import StoredModel
from embtune_api.encoder import Encoder
from embtune_api.errors import EmbtuneError
from embtune_api.keys import LineKeys
from embtune_store.protocol import Store
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.embedding_cache import EmbeddingCache, ReportItems, silent, text_digest
from embtune_trainer.encoder import device_for, fetch_model, load_encoder
from embtune_trainer.encoder_settings import dress
from embtune_trainer.evaluate.encoding import encode

Side = Literal["query", "document", "either"]
"""Whose prompt stands before the texts: that of queries, of documents, or the default one."""


def embed_texts(
    store: Store,
    line: LineKeys,
    model: StoredModel,
    texts: Sequence[str],
    *,
    side: Side,
    max_length: int | None = None,
    encoder: Encoder | None = None,
    report: ReportItems = silent,
    device: torch.device | None = None,
) -> NDArray[np.float32]:
    """Embeddings (texts, dim) float32, exactly as `model` would encode them on that side.

    Memory: twice 4 × dim bytes a text.

    Args:
        line: whose cache is used.
        max_length: tokens, where that is less than the model's own limit.
        encoder: what the model is made to read and give; None: its own.
        device: that the model is loaded on; None: the first GPU, or the CPU where there is none.

    Raises:
        EmbtuneError: the model cannot be loaded, or a vector is not finite.
    """
    settings = {"side": side, "maxLength": max_length, **({} if encoder is None else {"encoder": encoder})}
    cache = EmbeddingCache(store, line.embeddings(model.digest, digest_of(settings)))

    def load() -> SentenceTransformer:
        torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))
        loaded = load_encoder(fetch_model(store, model), device or device_for(0))
        dress(loaded, encoder)
        if max_length is not None:
            loaded.max_seq_length = min(max_length, loaded.max_seq_length or max_length)
        return loaded

    return cached_embeddings(cache, texts, load, side, report)


def cached_embeddings(
    cache: EmbeddingCache,
    texts: Sequence[str],
    load: Callable[[], SentenceTransformer],
    side: Side,
    report: ReportItems = silent,
) -> NDArray[np.float32]:
    """The same by whichever model `load` gives, which is asked for once there is something to embed."""
    by_digest = {text_digest(text): text for text in texts}
    vectors = cache.completed(by_digest, _Encoder(load, side).embed, longest=len, report=report)
    return np.stack([vectors[text_digest(text)] for text in texts])


class _Encoder:
    """The model, loaded once there is something to embed."""

    def __init__(self, load: Callable[[], SentenceTransformer], side: Side) -> None:
        self._load = load
        self._side: Side = side

    @cached_property
    def _model(self) -> SentenceTransformer:
        return self._load()

    def embed(self, texts: list[str]) -> NDArray[np.float32]:
        """(texts, dim)"""
        vectors = encode(self._model, texts, self._side, silent)
        if not np.isfinite(vectors).all():
            first = texts[int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])]
            raise EmbtuneError(
                f"the model gives {first[:100]!r} a vector that is not finite: its weights are broken. Use another."
            )
        return vectors
