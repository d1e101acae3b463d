"""Texts to vectors, each text once: what the line has embedded before is read from its cache."""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_api.digest import digest_of
from embtune_api.documents import StoredModel
from embtune_api.encoder import Encoder
from embtune_api.errors import EmbtuneError
from embtune_api.keys import LineKeys
from embtune_store.protocol import Store
from embtune_trainer.cpus import usable_cpus
from embtune_trainer.embedding_cache import EmbeddingCache, TextDigest, Vector, text_digest
from embtune_trainer.encoder import device_for, fetch_model, load_encoder
from embtune_trainer.encoder_settings import dress
from embtune_trainer.evaluate.encoding import encode

Side = Literal["query", "document", "either"]
"""Whose prompt stands before the texts: that of queries, of documents, or the default one."""

ReportTexts = Callable[[int, int], None]
"""Called with how many texts are embedded, and how many there are to embed; those of the cache do not count."""

CHUNK = 2048
"""Texts in a chunk of the cache, 3 MB at 384 dimensions: a process that is killed loses one."""


def _silent(*_: float) -> None:
    """For whoever does not want to know."""


def embed_texts(
    store: Store,
    line: LineKeys,
    model: StoredModel,
    texts: Sequence[str],
    *,
    side: Side,
    max_length: int | None = None,
    encoder: Encoder | None = None,
    report: ReportTexts = _silent,
) -> NDArray[np.float32]:
    """Embeddings (texts, dim) float32, exactly as `model` would encode them on that side.

    Memory: twice 4 × dim bytes a text.

    Args:
        line: whose cache is used.
        max_length: tokens, where that is less than the model's own limit.
        encoder: what the model is made to read and give; None: its own.

    Raises:
        EmbtuneError: the model cannot be loaded, or a vector is not finite.
    """
    settings = {"side": side, "maxLength": max_length, **({} if encoder is None else {"encoder": encoder})}
    cache = EmbeddingCache(store, line.embeddings(model.digest, digest_of(settings)))

    def load() -> SentenceTransformer:
        torch.set_num_threads(min(torch.get_num_threads(), usable_cpus()))
        loaded = load_encoder(fetch_model(store, model), device_for(0))
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
    report: ReportTexts = _silent,
) -> NDArray[np.float32]:
    """The same by whichever model `load` gives, which is asked for once there is something to embed."""
    by_digest = {text_digest(text): text for text in texts}
    vectors = cache.read(by_digest)
    missing = [digest for digest in by_digest if digest not in vectors]
    # Whatever order the texts came in, the same ones are padded together; long ones first, so memory runs out at once or never.
    missing.sort(key=lambda digest: (-len(by_digest[digest]), digest))
    if missing:
        encoder = load()
        for start in range(0, len(missing), CHUNK):
            chunk = missing[start : start + CHUNK]
            new = _embed(encoder, side, {digest: by_digest[digest] for digest in chunk})
            cache.write(new)
            vectors |= new
            report(start + len(chunk), len(missing))
    return np.stack([vectors[text_digest(text)] for text in texts])


def _embed(model: SentenceTransformer, side: Side, texts: dict[TextDigest, str]) -> dict[TextDigest, Vector]:
    vectors = encode(model, list(texts.values()), side, _silent)
    if not np.isfinite(vectors).all():
        first = list(texts.values())[int(np.flatnonzero(~np.isfinite(vectors).all(axis=1))[0])]
        raise EmbtuneError(f"the model gives {first[:100]!r} a vector that is not finite: its weights are broken. Use another.")
    return dict(zip(texts, vectors, strict=True))
