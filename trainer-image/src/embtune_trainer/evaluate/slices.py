"""Slices of the exam: which of its queries are in which, and what each model scored on them."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from embtune_api.evaluation import Suite
from embtune_api.slices import MOST_SLICES, Slice, SliceMembers, SliceScores, SliceTable
from embtune_api.status import Metrics, Role
from embtune_trainer.evaluate.exam import Asked, LoadedExam, group_index
from embtune_trainer.evaluate.suites import means

Learnt = Callable[[Sequence[str]], NDArray[np.bool_]]
"""Which of these texts a model was trained on: (texts,)."""
Columns = tuple[list[str], NDArray[np.float64]]
"""Of one model: names, and values (asked, columns)."""


def make_slices(exam: Asked, wanted: Sequence[Slice], learnt: Learnt | None = None) -> SliceTable:
    """In the order in which they are asked for, of each the values with most queries first; buckets by length as they rise.

    Args:
        learnt: which texts the candidate was trained on; None: nobody knows, and no query is in a slice by answer.
    """
    return SliceTable(slices=[members for one in wanted for members in _members(exam, one, learnt)])


def slice_scores(
    table: SliceTable, exam: Asked, kept: NDArray[np.bool_], of_roles: Mapping[Role, Sequence[tuple[Suite, Columns]]]
) -> list[SliceScores]:
    """What each role scored on each slice, by every suite that asks this exam; `kept`: (asked,) bool."""
    groups = group_index(exam)
    told = []
    for one in table.slices:
        inside = np.zeros(len(kept), dtype=np.bool_)
        inside[one.queries] = True
        inside &= kept
        told.append(
            SliceScores(
                slice=one.ref,
                queries=int(inside.sum()),
                groups=len(np.unique(groups[inside])),
                metrics={role: _metrics(suites, inside) for role, suites in of_roles.items()},
            )
        )
    return told


def _metrics(suites: Sequence[tuple[Suite, Columns]], inside: NDArray[np.bool_]) -> Metrics:
    found: Metrics = {}
    for suite, (columns, values) in suites:
        found |= means(suite, columns, values[inside])
    return found


def _members(exam: Asked, wanted: Slice, learnt: Learnt | None) -> list[SliceMembers]:
    by_value: dict[str, list[int]] = defaultdict(list)
    for number, values in enumerate(_values(exam, wanted, learnt)):
        for value in values:
            by_value[value].append(number)
    if wanted.by == "Length":
        order = [bucket for start in (0, *(wanted.buckets or ())) if (bucket := wanted.bucket(start)) in by_value]
    else:
        known = by_value.keys() if wanted.values is None else by_value.keys() & set(wanted.values)
        order = sorted(known, key=lambda value: (-len(by_value[value]), value))[:MOST_SLICES]
    return [SliceMembers(name=wanted.name, value=value, queries=by_value[value]) for value in order]


def _values(exam: Asked, wanted: Slice, learnt: Learnt | None) -> list[list[str]]:
    """Of each that is asked."""
    if wanted.by == "Length":
        return [[wanted.bucket(sum(map(len, texts)))] for texts in exam.texts]
    if wanted.by == "Answer":
        return _by_answer(exam, learnt) if isinstance(exam, LoadedExam) and not exam.labels and learnt else [[]] * len(exam.ids)
    return [known.get(wanted.name, []) for known in exam.slices]


def _by_answer(exam: LoadedExam, learnt: Learnt) -> list[list[str]]:
    known = {passage for passage, was in zip(exam.passage_ids, learnt(exam.passages), strict=True) if was}
    right = [[passage for passage, grade in exam.relevance.get(query, {}).items() if grade > 0] for query in exam.query_ids]
    return [["known" if not known.isdisjoint(answers) else "new"] if answers else [] for answers in right]
