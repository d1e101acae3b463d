"""Pairs to scores, each pair once: what the line's cross-encoder has read before is in its cache."""

import json
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from embtune_api.digest import digest_of
from embtune_api.documents.files import StoredModel
from embtune_api.keys import LineKeys
from embtune_store.protocol import Store
from embtune_trainer.cross_encoder import TextPair, load_cross_encoder, score
from embtune_trainer.embedding_cache import EmbeddingCache, ReportItems, silent, text_digest
from embtune_trainer.encoder import fetch_model

FIELD = "training.loss.teacher"


def score_pairs(
    store: Store,
    line: LineKeys,
    model: StoredModel,
    pairs: Sequence[TextPair],
    *,
    report: ReportItems = silent,
    device: torch.device | None = None,
) -> NDArray[np.float32]:
    """(pairs,) float32: sigmoids, 0 to 1.

    Args:
        line: whose cache is used.
        device: that the cross-encoder is loaded on; None: the GPU, where there is one.

    Raises:
        InvalidInput: the model is no cross-encoder with one output.
    """
    cache = EmbeddingCache(store, line.embeddings(model.digest, digest_of({"scores": "sigmoid"})))
    by_digest = {text_digest(json.dumps(pair)): pair for pair in pairs}
    reader = None

    def read(chunk: list[TextPair]) -> NDArray[np.float32]:
        nonlocal reader
        reader = reader or load_cross_encoder(fetch_model(store, model), model.prefix, FIELD, device)
        return score(reader, chunk, silent)[:, None]

    found = cache.completed(by_digest, read, longest=lambda pair: len(pair[0]) + len(pair[1]), report=report)
    return np.array([found[text_digest(json.dumps(pair))][0] for pair in pairs], dtype=np.float32)
