"""What a teacher says: asked once of each text, looked up for each batch, and what losses make of it."""

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from embtune_api.errors import InvalidInput
from embtune_api.matryoshka import Matryoshka
from embtune_trainer.train.lessons import Side, guide_of, scores_of, targets_of
from embtune_trainer.train.losses.guided import gist
from embtune_trainer.train.objectives.distilled import Preferred, Translated
from embtune_trainer.train.objectives.guided import Guided
from embtune_trainer.train.objectives.nested import Nested
from embtune_trainer.train.rows import Record
from embtune_trainer.train.teaching import refuse_without_negatives

RECORDS: list[Record] = [
    {"anchor": "a", "positive": "x", "negatives": ["y", "z"]},
    {"anchor": "b", "positive": "y"},
    {"anchor": "a", "positive": "z", "negatives": ["x"]},
]


class Teacher:
    """Says of each text the number of its letter, and of its side."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    def embed(self, texts: Sequence[str], side: Side) -> NDArray[np.float32]:
        self.asked += [(text, side) for text in texts]
        return np.array([[ord(text), side == "document"] for text in texts], dtype=np.float32)

    def score(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float32]:
        self.asked += list(pairs)
        return np.array([ord(text) - ord(anchor) for anchor, text in pairs], dtype=np.float32)


def letters(values: NDArray[np.float32]) -> list[tuple[str, int]]:
    return [(chr(int(letter)), int(document)) for letter, document in values]


def test_each_distinct_text_is_asked_once_a_side() -> None:
    teacher = Teacher()
    guide = guide_of(RECORDS, teacher.embed)
    assert len(teacher.asked) == len(set(teacher.asked)) == 5
    assert letters(guide.of(np.array([1, 0]))) == [("b", 0), ("y", 1), ("a", 0), ("x", 1), ("y", 1), ("z", 1)]


def test_a_translation_gets_the_vector_of_its_source() -> None:
    teacher = Teacher()
    targets = targets_of(RECORDS[1:], teacher.embed)
    assert letters(targets.of(np.array([0, 1]))) == [("b", 0), ("b", 1), ("a", 0), ("a", 1), ("a", 1)]


def test_each_distinct_pair_is_read_once_and_anchors_never() -> None:
    teacher = Teacher()
    scores = scores_of(RECORDS, teacher.score)
    assert len(teacher.asked) == len(set(teacher.asked)) == 4
    assert scores.of(np.array([2, 1]))[:, 0].tolist() == [0, 25, 23, 0, 23]


def test_margins_are_learnt_of_rows_with_negatives_alone() -> None:
    preferred = Preferred.of(RECORDS, scores_of(RECORDS, Teacher().score))
    vectors = torch.zeros(9, 2, requires_grad=True)
    loss = preferred.loss(vectors, np.array([0, 1, 2])).value
    assert loss.item() == pytest.approx(((23 - 24) ** 2 + (23 - 25) ** 2 + (25 - 23) ** 2) / 3)
    nothing = preferred.loss(vectors[:2], np.array([1])).value
    (gradient,) = torch.autograd.grad(nothing, vectors)
    assert not gradient.any()
    with pytest.raises(InvalidInput, match="none of the rows to train on has any"):
        refuse_without_negatives(RECORDS[1:2], "MarginMSE")
    refuse_without_negatives(RECORDS, "MarginMSE")
    refuse_without_negatives(RECORDS[1:2], "MSE")


def test_a_cut_vector_is_compared_with_a_cut_target() -> None:
    translated = Translated.of(RECORDS[1:2], targets_of(RECORDS[1:2], Teacher().embed))
    nested = Nested(translated, Matryoshka(dims=[1], weights=[2.0]))
    assert nested.loss(torch.tensor([[3.0, 4.0], [1.0, 0.0]]), np.array([0])).value.item() == pytest.approx(2 * 97.0**2)
    with pytest.raises(InvalidInput, match=r"training\.matryoshka\.dims: 4 is more than the 2 numbers"):
        Nested(translated, Matryoshka(dims=[4])).loss(torch.ones(2, 2), np.array([0]))


@pytest.mark.parametrize(
    ("known", "guided", "left_out"),
    [
        pytest.param([], [[1, 0], [0, 1]], 0, id="nothing is known, nothing is near"),
        pytest.param([(0, 1)], [[1, 0], [0, 1]], 1, id="the rows know it, and the guide does not"),
        pytest.param([], [[1, 0], [1, 0.1]], 1, id="the guide finds it nearer than the row's own"),
    ],
)
def test_what_is_right_is_no_negative_whoever_says_so(
    known: list[tuple[int, int]], guided: list[list[float]], left_out: int
) -> None:
    mask = torch.eye(2, dtype=torch.bool)
    for place in known:
        mask[place] = True
    anchors = torch.tensor([[1.0, 0.5], [0.0, 1.0]])
    guide = torch.tensor([[1.0, 0.05], [0.0, 1.0]])
    value, found = gist(anchors, anchors.flip(1), mask, guide, torch.tensor(guided, dtype=torch.float32), 20.0, 0.0)
    assert int(found.sum()) == left_out
    assert torch.isfinite(value)


def test_a_margin_makes_fewer_texts_negatives() -> None:
    records: list[Record] = [{"anchor": "a", "positive": "x"}, {"anchor": "b", "positive": "y"}]
    guide = guide_of(records, lambda texts, _: np.array([[1, 0.2 * "axby".index(t)] for t in texts], dtype=np.float32))
    counts = [
        Guided.of(records, guide, 20.0, margin).loss(torch.eye(4), np.array([0, 1])).masked_negatives for margin in (0.0, 0.5)
    ]
    assert counts[0] < counts[1] == 2
