"""Reranking: what a search finds whose first passages a cross-encoder orders anew. The numbers are those of the whole pipeline.

Method: R. Nogueira and K. Cho, Passage Re-ranking with BERT (2019).
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from sentence_transformers import CrossEncoder

from embtune_api.errors import EmbtuneError
from embtune_api.evaluation import Suite
from embtune_trainer.evaluate.encoding import ReportShare
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.suites.kept import Kept
from embtune_trainer.evaluate.suites.retrieval import kept_of, nearest_passages
from embtune_trainer.evaluate.suites.vectors import Encoded

_BATCH = 64
_PAIRS_A_REPORT = 1024


def load_reader(folder: Path, device: torch.device) -> CrossEncoder:
    """The cross-encoder in `folder`, in fp32. Raises EmbtuneError: it cannot be loaded."""
    options = {"use_safetensors": True, "dtype": torch.float32}
    try:
        model: CrossEncoder = CrossEncoder(str(folder), device=str(device), local_files_only=True, model_kwargs=options)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        raise EmbtuneError(f"the model in {folder} cannot be loaded as a cross-encoder: {error}") from error
    return model


def passages_reranked(encoded: Encoded, exam: LoadedExam, suite: Suite, reader: CrossEncoder, report: ReportShare) -> Kept:
    """Every metric of every query, after the reader; NaN where some vector or score involved is not finite, or nothing is
    relevant. Passages that the reader scores alike keep their order."""
    depth = suite.reranking.depth if suite.reranking else 1
    ranked, finite = nearest_passages(encoded, exam, max(*suite.cutoffs, depth))
    read = ranked[:, :depth]
    scores = _scores(reader, exam, read, report)
    return kept_of(suite, exam, reordered(ranked, scores), np.logical_and(finite, np.isfinite(scores).all(axis=1)))


def reordered(ranked: NDArray[np.int64], scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The first passages of each query by falling score, those alike in their order, and the others behind them.

    Args:
        ranked: (queries, depth)
        scores: (queries, read), where read ≤ depth
    """
    read = scores.shape[1]
    order = np.argsort(-np.nan_to_num(scores), axis=1, kind="stable")
    return np.concatenate([np.take_along_axis(ranked[:, :read], order, axis=1), ranked[:, read:]], axis=1)


def _scores(reader: CrossEncoder, exam: LoadedExam, read: NDArray[np.int64], report: ReportShare) -> NDArray[np.float32]:
    """(queries, depth) float32; longest pairs first, so that the same pairs are padded together."""
    pairs = [(exam.queries[query], exam.passages[passage]) for query, row in enumerate(read) for passage in row]
    order = sorted(range(len(pairs)), key=lambda at: (-len(pairs[at][0]) - len(pairs[at][1]), pairs[at]))
    values = np.empty(len(pairs), dtype=np.float32)
    for start in range(0, len(order), _PAIRS_A_REPORT):
        places = order[start : start + _PAIRS_A_REPORT]
        values[places] = reader.predict([pairs[at] for at in places], batch_size=_BATCH, show_progress_bar=False)
        report((start + len(places)) / len(pairs))
    return values.reshape(read.shape)
