"""Triplet: is the anchor nearer to its positive than to its negative?"""

import numpy as np

from embtune_api.evaluation import Suite
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.retrieval_metrics import Values
from embtune_trainer.evaluate.suites.kept import Kept


def which_is_nearer(anchors: Values, passages: Values, exam: LoadedExam, suite: Suite) -> Kept:
    """Of each anchor, the share of its (positive, negative) combinations that are right; a tie is wrong. NaN where a vector
    is not finite, or where the anchor has no negative.

    Args:
        anchors: (queries, dim), passages: (passages, dim), of length 1
    """
    # Products are added up row by row: a matrix product may give two equal passages sums that differ in the last digit.
    place = {identity: number for number, identity in enumerate(exam.passage_ids)}
    values = np.full(len(exam.queries), np.nan)
    for number, query in enumerate(exam.query_ids):
        told = exam.relevance.get(query, {})
        right, wrong = (
            (passages[[place[one] for one, grade in told.items() if (grade > 0) is relevant]] * anchors[number]).sum(axis=1)
            for relevant in (True, False)
        )
        if len(right) and len(wrong) and np.isfinite(right).all() and np.isfinite(wrong).all():
            values[number] = (right[:, None] > wrong[None, :]).mean()
    notes = [{"text": text, "group": group} for text, group in zip(exam.queries, exam.groups, strict=True)]
    return Kept(suite.metrics(), values[:, None], notes)
