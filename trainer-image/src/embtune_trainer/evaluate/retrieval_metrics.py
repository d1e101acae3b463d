"""accuracy, precision, recall, mrr, ndcg and map at k, as trec_eval computes them."""

import numpy as np
from numpy.typing import NDArray

from embtune_api.metrics import RetrievalMetric

Values = NDArray[np.float64]


def retrieval_metric(name: RetrievalMetric, k: int, gains: Values, ideal: Values) -> Values:
    """One metric of every query.

    Args:
        name: precision divides by k and map by all relevant passages, found or not; ndcg has linear gain
            (Järvelin and Kekäläinen 2002); accuracy is trec_eval's success.
        gains: (queries, depth) relevance of the ranked passages, best-ranked first; 0 is not relevant
        ideal: (queries, most relevant) relevance of all relevant passages, highest first, padded with 0

    Returns:
        (queries,) float64; NaN for a query that has no relevant passage.
    """
    found = gains[:, :k] > 0
    relevant = (ideal > 0).sum(axis=1)
    ranks = np.arange(1, found.shape[1] + 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        match name:
            case "accuracy":
                values = found.any(axis=1).astype(np.float64)
            case "precision":
                values = found.sum(axis=1) / k
            case "recall":
                values = found.sum(axis=1) / relevant
            case "mrr":
                values = (found / ranks).max(axis=1, initial=0.0)
            case "ndcg":
                values = _dcg(gains[:, :k]) / _dcg(ideal[:, :k])
            case "map":
                values = (found * found.cumsum(axis=1) / ranks).sum(axis=1) / relevant
    return np.where(relevant > 0, values, np.nan)


def _dcg(gains: Values) -> Values:
    return np.asarray((gains / np.log2(np.arange(2, gains.shape[1] + 2))).sum(axis=1), dtype=np.float64)
