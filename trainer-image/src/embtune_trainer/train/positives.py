"""Known positives: what must never be a negative.

With in-batch negatives, every other row's positive is a negative of an anchor, unless it is known to answer that anchor
too: since a training row says so, since both texts are the same but for casing and punctuation, or since the rows share
a label.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class KnownPositives:
    """Answers which (anchor, positive) combinations of a batch are known to be positive.

    Args:
        anchors: normalised anchors, (rows,)
        positives: normalised positives, (rows,)
        labels: labels, (rows,), or None where the data has none
    """

    def __init__(self, anchors: Sequence[str], positives: Sequence[str], labels: Sequence[str] | None) -> None:
        texts, inverse = np.unique(np.array([*anchors, *positives], dtype=object), return_inverse=True)
        self._texts = len(texts)
        self._anchor, self._positive = inverse[: len(anchors)], inverse[len(anchors) :]
        self._pairs = np.unique(self._anchor * self._texts + self._positive)
        self._label = None if labels is None else np.unique(np.array(labels, dtype=object), return_inverse=True)[1]

    def mask(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """(batch, batch) bool: True where row j's positive is known to be one of row i's; its own included."""
        anchor, positive = self._anchor[rows][:, None], self._positive[rows][None, :]
        wanted = anchor * self._texts + positive
        place = np.searchsorted(self._pairs, wanted).clip(max=len(self._pairs) - 1)
        known = (self._pairs[place] == wanted) | (anchor == positive)
        if self._label is not None:
            label = self._label[rows]
            known |= label[:, None] == label[None, :]
        return np.asarray(known, dtype=np.bool_)
