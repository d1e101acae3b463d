"""Vectors whose products are cosine similarities."""

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer

from embtune_trainer.evaluate.encoding import ReportShare, Side, encode


def unit_vectors(
    encoder: SentenceTransformer, texts: list[str], side: Side, report: ReportShare, bf16: bool = False
) -> NDArray[np.float64]:
    """(texts, dim) float64 of length 1; NaN where the encoder gives something that is not finite, or zeros alone."""
    return unit_or_nan(encode(encoder, texts, side, report, bf16))


def unit_or_nan(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of length 1; NaN where one is not finite, or has no direction."""
    scaled = vectors.astype(np.float64)
    scaled[~np.isfinite(scaled).all(axis=1)] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    return scaled
