"""What one model encodes for a suite: once, however many ways it is asked in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sentence_transformers import SentenceTransformer
from sentence_transformers.util import quantize_embeddings

from embtune_api.compression import Compression
from embtune_api.metrics import SuiteKind
from embtune_trainer.evaluate.encoding import ReportShare, Side, encode
from embtune_trainer.evaluate.exam import LoadedExam, LoadedPairs
from embtune_trainer.evaluate.ranking import unit

Vectors = NDArray[np.float32]
_SIDED: tuple[SuiteKind, ...] = ("Retrieval", "Reranking", "Triplet")
"""Kinds that encode queries as queries, and passages as documents."""


@dataclass(frozen=True)
class Encoded:
    """Vectors (texts, dim) float32, as the model gives them."""

    asked: Vectors
    """Of queries, or of each text that pairs have."""
    corpus: Vectors
    """Of what is looked for or learnt from; of pairs the same as `asked`."""

    def compressed(self, way: Compression | None) -> Encoded:
        """As an index of them has these vectors; NaN throughout, where there are fewer numbers than are to be kept."""
        if way is None:
            return self
        if way.dimension is not None and way.dimension > self.corpus.shape[1]:
            return Encoded(np.full_like(self.asked, np.nan), np.full_like(self.corpus, np.nan))
        asked, corpus = (side[:, : way.dimension] for side in (self.asked, self.corpus))
        return _as_int8(asked, corpus) if way.precision == "int8" else Encoded(asked, corpus)


def encode_for(
    encoder: SentenceTransformer, exam: LoadedExam | LoadedPairs, kind: SuiteKind, report: ReportShare, bf16: bool = False
) -> Encoded:
    """Raises EmbtuneError: as `encode`."""
    if isinstance(exam, LoadedPairs):
        vectors = encode(encoder, exam.distinct, "either", report, bf16)
        return Encoded(vectors, vectors)
    corpus = [text for text, _ in exam.reference] if kind == "Classification" else exam.passages
    sides: tuple[Side, Side] = ("query", "document") if kind in _SIDED else ("either", "either")
    share = len(exam.queries) / (len(exam.queries) + len(corpus))
    asked = encode(encoder, exam.queries, sides[0], lambda done: report(done * share), bf16)
    return Encoded(asked, encode(encoder, corpus, sides[1], lambda done: report(share + done * (1 - share)), bf16))


def unit_or_nan(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """Of length 1, so that products are cosine similarities; NaN where one is not finite, or has no direction."""
    scaled = vectors.astype(np.float64)
    scaled[~np.isfinite(scaled).all(axis=1)] = np.nan
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    return scaled


def _as_int8(asked: Vectors, corpus: Vectors) -> Encoded:
    """What `encode(normalize_embeddings=True)` gives, as bytes: whole numbers, whose cosines are compared. A vector that is not
    finite, or is all zeros, stays what it is."""
    usable = [np.logical_and(np.isfinite(side).all(axis=1), side.any(axis=1)) for side in (asked, corpus)]
    sides = [unit(np.where(good[:, None], side, 0)) for side, good in zip((asked, corpus), usable, strict=True)]
    known = sides[1][usable[1]]
    if not len(known):
        return Encoded(np.full_like(asked, np.nan), np.full_like(corpus, np.nan))
    ranges = np.vstack([known.min(axis=0), known.max(axis=0)])
    codes = [np.asarray(quantize_embeddings(side, precision="int8", ranges=ranges), dtype=np.float32) for side in sides]
    return Encoded(
        np.where(usable[0][:, None], codes[0], asked),
        np.where(usable[1][:, None], codes[1], corpus),
    )
