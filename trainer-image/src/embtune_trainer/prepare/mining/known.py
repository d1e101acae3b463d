"""Which answers are known to be right for an anchor: they are never mined as its negatives."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from embtune_trainer.prepare.normalise import squash
from embtune_trainer.prepare.rows import Row

Numbers = NDArray[np.int64]


class KnownAnswers:
    """An index of candidates, linear in rows.

    Known for an anchor are: its own text, the answers of its rows, the anchors that it answers (a pair turned round is the
    same pair), and the answers of rows with one of its labels. Texts are equal where their normalised forms are, white
    space aside.

    Args:
        rows: those that say what is right
        candidates: normalised texts, (candidates,)
    """

    def __init__(self, rows: Iterable[Row], candidates: Sequence[str]) -> None:
        self._number: dict[str, list[int]] = defaultdict(list)
        for number, text in enumerate(candidates):
            self._number[squash(text)].append(number)
        right: dict[str, set[str]] = defaultdict(set)
        labelled: dict[str, set[str]] = defaultdict(set)
        self._labels: dict[str, set[str]] = defaultdict(set)
        for row in rows:
            query, answer = squash(row.query), squash(row.answer)
            right[query].add(answer)
            right[answer].add(query)
            if row.label is not None:
                self._labels[query].add(row.label)
                labelled[row.label].add(answer)
        self._right = right
        self._of_label = {label: self._numbers(answers) for label, answers in labelled.items()}

    def of(self, query: str) -> Numbers:
        """Numbers of the candidates that are known to be right for the normalised anchor `query`. (known,) int64"""
        key = squash(query)
        own = self._numbers({key, *self._right.get(key, ())})
        shared = [self._of_label[label] for label in self._labels.get(key, ())]
        return np.unique(np.concatenate([own, *shared]))

    def _numbers(self, keys: Iterable[str]) -> Numbers:
        return np.array([number for key in keys for number in self._number.get(key, ())], dtype=np.int64)
