"""BM25: how far words alone go. A base model below it does not know the words of this field."""

import bm25s
import numpy as np
from numpy.typing import NDArray

from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.ranking import by_falling_id, rank_columns
from embtune_trainer.evaluate.retrieval_metrics import retrieval_metric
from embtune_trainer.prepare.normalise import normalise

DEPTH = 10


def bm25_ndcg(exam: LoadedExam) -> NDArray[np.float64]:
    """ndcg@10 of every query: (queries,) float64. BM25 as Lucene computes it, by bm25s, over normalised words."""
    order = by_falling_id(exam.passage_ids)
    index = bm25s.BM25(method="lucene")
    index.index([_words(exam.passages[number]) for number in order], show_progress=False)

    def scores(rows: slice) -> NDArray[np.float32]:
        return np.stack([_scores(index, query, len(order)) for query in exam.queries[rows]])

    ranked = order[rank_columns(scores, len(exam.queries), len(order), DEPTH)]
    return retrieval_metric("ndcg", DEPTH, exam.gains(ranked), exam.ideal)


def _words(text: str) -> list[str]:
    return normalise(text).split()


def _scores(index: bm25s.BM25, query: str, passages: int) -> NDArray[np.float32]:
    """(passages,) float32; words that no passage has say nothing about any of them."""
    known = [word for word in _words(query) if word in index.vocab_dict]
    return np.asarray(index.get_scores(known) if known else np.zeros(passages), dtype=np.float32)
