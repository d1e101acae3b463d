"""Texts to vectors for the exam: exact fp32, exactly as the published model will encode them."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_trainer.out_of_memory import with_less_at_once

ReportShare = Callable[[float], None]
"""Called with the share that is done, 0 to 1."""

BATCH = 64
"""Texts at once; half as many whenever memory runs out."""
QUIET = {"show_progress_bar": False}
TEXTS_A_REPORT = 512


def encode(
    model: SentenceTransformer, texts: list[str], side: Literal["query", "document", "either"], report: ReportShare
) -> NDArray[np.float32]:
    """Embeddings (texts, dim) float32, with the model's own prompts for that side; longest texts first.

    Raises:
        EmbtuneError: memory ran out with a single text in it.
    """
    model.eval()
    encode_side = model.encode_query if side == "query" else model.encode_document if side == "document" else model.encode
    order = sorted(range(len(texts)), key=lambda index: -len(texts[index]))
    vectors: list[NDArray[np.float32]] = []
    at_once = BATCH
    for start in range(0, len(order), TEXTS_A_REPORT):
        chunk = [texts[index] for index in order[start : start + TEXTS_A_REPORT]]
        encoded, at_once = with_less_at_once(lambda size, texts=chunk: encode_side(texts, batch_size=size, **QUIET), at_once)
        vectors.append(np.asarray(encoded, dtype=np.float32))
        report(min(1.0, (start + TEXTS_A_REPORT) / len(order)))
    stacked = np.concatenate(vectors)
    in_order = np.empty_like(stacked)
    in_order[order] = stacked
    return in_order
