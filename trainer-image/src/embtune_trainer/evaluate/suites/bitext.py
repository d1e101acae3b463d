"""Bitext: does each text find its translation among all of the other side, and is it found by it?

Method: M. Artetxe and H. Schwenk, Massively Multilingual Sentence Embeddings for Zero-Shot Cross-Lingual Transfer and Beyond
(2019): the Tatoeba similarity search, by cosine similarity, both ways.
"""

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from embtune_api.evaluation import Suite
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.ranking import rank_passages
from embtune_trainer.evaluate.retrieval_metrics import Values
from embtune_trainer.evaluate.suites.kept import Kept


def translations_found(one: Values, other: Values, exam: LoadedExam, suite: Suite) -> Kept:
    """Of each text: `forward`, whether the nearest of the other side is a translation; `backward`, of its translations the share
    whose nearest it is; `accuracy`, the mean of both. NaN where a vector involved is not finite.

    Args:
        one: (queries, dim), other: (passages, dim), of length 1
    """
    place = {identity: number for number, identity in enumerate(exam.passage_ids)}
    answers = [[place[p] for p, grade in exam.relevance.get(q, {}).items() if grade > 0] for q in exam.query_ids]
    asks: dict[int, set[int]] = defaultdict(set)
    for number, right in enumerate(answers):
        for passage in right:
            asks[passage].add(number)
    there, back = _nearest(one, other, exam.passage_ids), _nearest(other, one, exam.query_ids)
    values = np.full((len(exam.queries), 2), np.nan)
    for number, right in enumerate(answers):
        if right:
            values[number, 0] = there[number] in right
            values[number, 1] = np.mean([back[passage] in asks[passage] for passage in right])
    asking, asked = (np.asarray(np.isfinite(side).all(axis=1)) for side in (one, other))
    values[~(asking & asked.all()), 0] = np.nan
    values[[not (asking.all() and asked[right].all()) for right in answers], 1] = np.nan
    notes = [
        {"text": text, "group": group, "found": exam.passages[found]}
        for text, group, found in zip(exam.queries, exam.groups, there, strict=True)
    ]
    return Kept(suite.metrics(), np.column_stack([values.mean(axis=1), values]), notes)


def _nearest(texts: Values, others: Values, ids: list[str]) -> NDArray[np.int64]:
    """(texts,) int64: of equally near ones the one with the highest id."""
    return rank_passages(np.nan_to_num(texts).astype(np.float32), np.nan_to_num(others).astype(np.float32), ids, 1)[:, 0]
