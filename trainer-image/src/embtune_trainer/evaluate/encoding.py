"""Texts to vectors for the exam: exact fp32, exactly as the published model will encode them."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

ReportShare = Callable[[float], None]
"""Called with the share that is done, 0 to 1."""

BATCH = 64
TEXTS_A_REPORT = 512


def encode(
    model: SentenceTransformer, texts: list[str], side: Literal["query", "document", "either"], report: ReportShare
) -> NDArray[np.float32]:
    """Embeddings (texts, dim) float32, with the model's own prompts for that side; longest texts first."""
    model.eval()
    encode_side = model.encode_query if side == "query" else model.encode_document if side == "document" else model.encode
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
    vectors: list[NDArray[np.float32]] = []
    for start in range(0, len(order), TEXTS_A_REPORT):
        chunk = [texts[index] for index in order[start : start + TEXTS_A_REPORT]]
        vectors.append(np.asarray(encode_side(chunk, batch_size=BATCH, show_progress_bar=False), dtype=np.float32))
        report(min(1.0, (start + TEXTS_A_REPORT) / len(order)))
    stacked = np.concatenate(vectors)
    in_order = np.empty_like(stacked)
    in_order[order] = stacked
    return in_order
