"""Classification: each text gets a label from labelled texts, the reference: no classifier is trained.

By Centroid: J. Snell et al., Prototypical Networks for Few-shot Learning (2017), with cosine similarity. Out of scope: a text
that is less similar to everything than a threshold (S. Larson et al., An Evaluation Dataset for Intent Classification and
Out-of-Scope Prediction (2019)).
"""

import hashlib
import math

import numpy as np
from numpy.typing import NDArray

from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.metrics import STATISTIC_COLUMNS
from embtune_api.status import Metrics
from embtune_api.suite_settings import ClassificationSettings
from embtune_trainer.evaluate.exam import LoadedExam
from embtune_trainer.evaluate.retrieval_metrics import Values
from embtune_trainer.evaluate.suites.kept import Kept

Flags = NDArray[np.bool_]
_AT_ONCE = 4_000_000
"""Similarities in memory at a time: 32 MB."""


def labels_found(texts: Values, reference: Values, exam: LoadedExam, suite: Suite) -> Kept:
    """Of each text: whether its label is right, and the numbers of its own and of the predicted label among all labels by
    alphabet. Of several labels of its own the predicted one counts, if it is among them. NaN where a vector is not finite.

    Args:
        texts: (queries, dim), reference: (reference, dim), of length 1

    Raises:
        InvalidInput: the exam has no labels, or no text to learn one from.
    """
    settings = suite.classification or ClassificationSettings()
    known = [
        (number, label) for number, (_, labels) in enumerate(exam.reference) for label in labels if label != settings.out_of_scope
    ]
    if not known or len(exam.labels) < len(exam.queries):
        raise InvalidInput(f"evaluation.suites: {suite.name}: the exam has no labelled texts to learn labels from.")
    names = sorted({*(label for _, label in known), *(label for labels in exam.labels for label in labels)})
    if settings.out_of_scope is not None and settings.out_of_scope not in names:
        names = sorted([*names, settings.out_of_scope])
    number_of = {label: number for number, label in enumerate(names)}
    belongs = np.array([number_of[label] for _, label in known], dtype=np.int64)
    predicted, nearness = _predict(texts, reference[[number for number, _ in known]], belongs, settings)
    own = [[number_of[label] for label in labels] for labels in exam.labels]
    if settings.out_of_scope is not None:
        outside = number_of[settings.out_of_scope]
        predicted = _with_threshold(predicted, nearness, own, outside, exam.groups)
    label = np.array([guess if guess in mine else mine[0] for guess, mine in zip(predicted, own, strict=True)])
    values = np.column_stack([label == predicted, label, predicted]).astype(np.float64)
    values[~np.isfinite(nearness)] = np.nan
    columns = (f"{suite.name}/accuracy", *(f"{suite.name}/{name}" for name in STATISTIC_COLUMNS["macro-f1"]))
    notes = [
        {"text": text, "group": group, "labels": labels, "predicted": names[guess]}
        for text, group, labels, guess in zip(exam.queries, exam.groups, exam.labels, predicted, strict=True)
    ]
    return Kept(columns, values, notes)


def label_metrics(suite: Suite, values: Values) -> Metrics:
    """Accuracy, and the mean of the labels' F1.

    Args:
        values: (texts, 3): right, label, predicted

    Returns:
        None where a text could not be scored, or there is none.
    """
    from sklearn.metrics import f1_score

    names = [f"{suite.name}/accuracy", f"{suite.name}/macro-f1"]
    if not len(values) or np.isnan(values).any():
        return dict.fromkeys(names)
    right, label, predicted = values.T
    found = (right.mean(), f1_score(label, predicted, average="macro", zero_division=0.0))
    return {name: None if math.isnan(value) else float(value) for name, value in zip(names, found, strict=True)}


def _predict(
    texts: Values, reference: Values, belongs: NDArray[np.int64], settings: ClassificationSettings
) -> tuple[NDArray[np.int64], Values]:
    """(texts,) int64 of labels, and (texts,) how near the nearest is: NaN where that cannot be said."""
    labels, members = np.unique(belongs, return_inverse=True)
    if settings.by == "Centroid":
        reference, members = _centroids(reference, members), np.arange(len(labels))
    predicted, nearness = np.zeros(len(texts), dtype=np.int64), np.full(len(texts), np.nan)
    at_once = max(1, _AT_ONCE // len(reference))
    for start in range(0, len(texts), at_once):
        rows = slice(start, start + at_once)
        similarity = texts[rows] @ reference.T
        votes = similarity if settings.by == "Centroid" else _votes(similarity, members, len(labels), settings.neighbours)
        predicted[rows] = labels[np.nan_to_num(votes, nan=-np.inf).argmax(axis=1)]
        nearness[rows] = similarity.max(axis=1)  # NaN of one is NaN of all: a broken reference settles nothing
    return predicted, nearness


def _centroids(reference: Values, members: NDArray[np.int64]) -> Values:
    """(labels, dim), of length 1."""
    sums = np.zeros((int(members.max()) + 1, reference.shape[1]))
    np.add.at(sums, members, reference)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(sums / np.linalg.norm(sums, axis=1, keepdims=True))


def _votes(similarity: Values, members: NDArray[np.int64], labels: int, neighbours: int) -> Values:
    """(texts, labels): the similarities of the nearest, added up by label. Of equally near ones the first count."""
    nearest = np.argsort(-similarity, axis=1, kind="stable")[:, :neighbours]
    votes = np.full((len(similarity), labels), -np.inf)
    for row, found in enumerate(nearest):
        mine = np.unique(members[found])
        votes[row, mine] = 0.0
        np.add.at(votes[row], members[found], np.maximum(similarity[row, found], 0.0))
    return votes


def _with_threshold(
    predicted: NDArray[np.int64], nearness: Values, own: list[list[int]], outside: int, groups: list[str]
) -> NDArray[np.int64]:
    """Out of scope where nothing is near enough. Texts are halved by a hash of their group, and each half takes the threshold
    that is best for the other: no text has a say in its own."""
    right = np.array([guess in mine for guess, mine in zip(predicted, own, strict=True)])
    scopeless = np.array([outside in mine for mine in own])
    half = np.array([hashlib.sha256(group.encode()).digest()[0] % 2 for group in groups])
    found = predicted.copy()
    for side in (0, 1):
        others, mine = half != side, half == side
        threshold = _best_threshold(nearness[others], right[others], scopeless[others])
        found[mine & (nearness < threshold)] = outside
    return found


def _best_threshold(nearness: Values, right: Flags, scopeless: Flags) -> float:
    """Most texts are right when those below it are called out of scope; the lowest of equally good ones."""
    finite = np.isfinite(nearness)
    order = np.argsort(nearness[finite], kind="stable")
    values = nearness[finite][order]
    gained = np.concatenate([[0], np.cumsum(scopeless[finite][order].astype(np.int64) - right[finite][order])])
    best = int(gained.argmax())
    if best == 0:
        return -math.inf
    return float(values[best - 1 : best + 1].mean()) if best < len(values) else math.inf
