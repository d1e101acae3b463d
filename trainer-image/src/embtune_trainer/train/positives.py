"""Known positives: what must never be a negative.

With in-batch negatives, every other row's positive and every negative of the batch is a negative of an anchor, unless it
is known to answer that anchor too: since a training row says so, since both texts are the same but for casing and
punctuation, or since the rows share a label.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class KnownPositives:
    """Answers which (anchor, candidate) combinations of a batch are known to be positive.

    Args:
        anchors: normalised anchors, (rows,)
        positives: normalised positives, (rows,)
        labels: labels, (rows,), or None where the data has none
        negatives: normalised negatives of each row, (rows,) of any number; empty where the data has none
    """

    def __init__(
        self,
        anchors: Sequence[str],
        positives: Sequence[str],
        labels: Sequence[str] | None,
        negatives: Sequence[Sequence[str]] = (),
    ) -> None:
        flat = [text for texts in negatives for text in texts]
        texts, inverse = np.unique(np.array([*anchors, *positives, *flat], dtype=object), return_inverse=True)
        self._texts, rows = len(texts), len(anchors)
        self._anchor, self._positive, self._negative = inverse[:rows], inverse[rows : 2 * rows], inverse[2 * rows :]
        counts = [len(texts) for texts in negatives] or [0] * rows
        self._first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self._pairs = np.unique(self._anchor * self._texts + self._positive)
        self._label = None if labels is None else np.unique(np.array(labels, dtype=object), return_inverse=True)[1]

    def mask(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(batch, batch + negatives) bool: True where a candidate is known to answer row i's anchor.

        The candidates are the positives of the rows, row i's own included, and then the negatives of the rows.
        """
        negatives = [self._negative[self._first[row] : self._first[row + 1]] for row in rows]
        known = self._known(rows, np.concatenate([self._positive[rows], *negatives]))
        if self._label is not None:
            label = self._label[rows]
            known[:, : len(rows)] |= label[:, None] == label[None, :]
        return known

    def _known(self, rows: NDArray[np.int64], candidates: NDArray[np.int64]) -> NDArray[np.bool_]:
        anchor, candidate = self._anchor[rows][:, None], candidates[None, :]
        wanted = anchor * self._texts + candidate
        place = np.searchsorted(self._pairs, wanted).clip(max=len(self._pairs) - 1)
        return np.asarray((self._pairs[place] == wanted) | (anchor == candidate), dtype=np.bool_)
