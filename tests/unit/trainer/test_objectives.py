"""Objectives: which rows make a batch, and which texts of it are compared with which."""

from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embtune_api.presets import steps_per_epoch
from embtune_trainer.train.losses.labelled import (
    batch_all_triplet,
    batch_hard_soft_margin_triplet,
    batch_hard_triplet,
    batch_semi_hard_triplet,
)
from embtune_trainer.train.losses.scored import cosent, online_contrastive
from embtune_trainer.train.objectives.labelled import LabelLoss, labelled_batches
from embtune_trainer.train.objectives.pairs import Places, Ranking
from embtune_trainer.train.objectives.scored import unit_scores
from embtune_trainer.train.positives import KnownPositives
from embtune_trainer.train.rows import Record

LABEL_LOSSES: tuple[LabelLoss, ...] = (
    batch_hard_soft_margin_triplet,
    *(partial(loss, margin=5.0) for loss in (batch_all_triplet, batch_hard_triplet, batch_semi_hard_triplet)),
)


@given(
    labels=st.lists(st.integers(0, 9), min_size=8, max_size=200),
    batch_size=st.integers(8, 64),
    epoch=st.integers(0, 3),
    seed=st.integers(0, 3),
)
def test_batches_of_labelled_texts_hold_every_row_once(labels: list[int], batch_size: int, epoch: int, seed: int) -> None:
    batches = labelled_batches(np.array(labels), batch_size, epoch, seed)
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(labels)))
    assert len(batches) == steps_per_epoch(len(labels), batch_size)
    assert all(len(batch) for batch in batches)
    again = labelled_batches(np.array(labels), batch_size, epoch, seed)
    assert all(np.array_equal(one, other) for one, other in zip(batches, again, strict=True))


def test_in_a_batch_each_text_has_company_of_its_label_and_there_are_several_labels() -> None:
    labels = np.repeat(np.arange(30), 12)
    for epoch in range(3):
        for batch in labelled_batches(labels, 32, epoch, seed=1):
            counts = np.bincount(labels[batch])
            assert (counts[counts > 0] >= 2).all()
            assert (counts > 0).sum() >= 4
    assert not np.array_equal(labelled_batches(labels, 32, 0, 1)[0], labelled_batches(labels, 32, 1, 1)[0])


def test_texts_of_a_batch_lie_row_after_row() -> None:
    places = Places.of(np.array([0, 2, 1]))
    assert places.anchors.tolist() == [0, 2, 6]
    assert places.negatives.tolist() == [4, 5, 8]
    assert places.row_of_negative.tolist() == [1, 1, 2]


@pytest.mark.parametrize(
    ("negatives", "masked"),
    [
        pytest.param([["x"], ["far"]], (0, 2), id="the row's own positive, given as a negative too"),
        pytest.param([["far"], ["x"]], (0, 3), id="the positive of another row, given as a negative by a third"),
        pytest.param([["a"], ["far"]], (0, 2), id="the anchor itself"),
    ],
)
def test_a_negative_that_is_known_to_answer_is_none(negatives: list[list[str]], masked: tuple[int, int]) -> None:
    mask = KnownPositives(["a", "b"], ["x", "y"], None, negatives).mask(np.array([0, 1]))
    assert mask.shape == (2, 4)
    assert mask[masked]
    assert mask.sum() == 3


def test_a_ranking_loss_falls_when_a_negative_is_moved_away() -> None:
    records: list[Record] = [{"anchor": "a", "positive": "x", "negatives": ["n"]}, {"anchor": "b", "positive": "y"}]
    ranking, batch = Ranking.of(records, scale=5.0), np.array([0, 1])
    near = torch.tensor([[1.0, 0.0], [0.9, 0.1], [1.0, 0.1], [0.0, 1.0], [0.1, 0.9]])
    far = near.clone()
    far[2] = torch.tensor([-1.0, 0.0])
    assert ranking.loss(far, batch).value < ranking.loss(near, batch).value
    assert ranking.loss(near, batch).masked_negatives == 0


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        pytest.param([0.0, 0.5, 1.0], [0.0, 0.5, 1.0], id="from 0 to 1: as they are"),
        pytest.param([0.2, 0.4], [0.2, 0.4], id="within 0 and 1: as they are"),
        pytest.param([0.0, 2.5, 5.0], [0.0, 0.5, 1.0], id="from 0 to 5"),
        pytest.param([1.0, 3.0, 5.0], [0.0, 0.5, 1.0], id="from 1 to 5"),
        pytest.param([-1.0, 0.0, 1.0], [0.0, 0.5, 1.0], id="from -1 to 1"),
        pytest.param([7.0, 7.0], [0.0, 0.0], id="all the same"),
    ],
)
def test_scores_are_brought_to_one_scale(scores: list[float], expected: list[float]) -> None:
    assert unit_scores(np.array(scores)).tolist() == expected


def test_losses_are_numbers_where_a_batch_says_nothing() -> None:
    same = torch.ones(4, 3, requires_grad=True)
    alike = torch.tensor([1.0, 1.0])
    for value in (
        cosent(same[:2], same[2:], torch.tensor([3.0, 3.0]), 20.0),
        online_contrastive(same[:2], same[2:], alike, 0.5),
        online_contrastive(same[:2], same[2:], 1 - alike, 0.5),
        *(loss(same, labels) for loss in LABEL_LOSSES for labels in (torch.zeros(4), torch.arange(4))),
    ):
        assert torch.isfinite(value)
        (gradient,) = torch.autograd.grad(value, same, retain_graph=True, allow_unused=True)
        assert gradient is None or torch.isfinite(gradient).all()
