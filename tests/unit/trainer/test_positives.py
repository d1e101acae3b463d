"""A known positive is never a negative, whichever way it is known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from embtune_trainer.train.losses.ranking import multiple_negatives_ranking
from embtune_trainer.train.positives import KnownPositives

CASES = {
    "unrelated rows are each other's negatives": (["a", "b"], ["x", "y"], None, (0, 1), False),
    "a row's own positive": (["a", "b"], ["x", "y"], None, (0, 0), True),
    "the same positive under another anchor": (["a", "b"], ["x", "x"], None, (0, 1), True),
    "another positive of the same anchor": (["a", "a"], ["x", "y"], None, (0, 1), True),
    "a pair that only a third row states": (["a", "b", "a"], ["x", "y", "y"], None, (0, 1), True),
    "and that third row does not work backwards": (["a", "b", "a"], ["x", "y", "y"], None, (1, 0), False),
    "a positive that is the anchor's own text": (["a", "b"], ["x", "a"], None, (0, 1), True),
    "rows of one label": (["a", "b"], ["x", "y"], ["L", "L"], (0, 1), True),
    "rows of two labels": (["a", "b"], ["x", "y"], ["L", "M"], (0, 1), False),
}


@pytest.mark.parametrize(("anchors", "positives", "labels", "place", "known"), CASES.values(), ids=CASES.keys())
def test_known_positives(
    anchors: list[str], positives: list[str], labels: list[str] | None, place: tuple[int, int], known: bool
) -> None:
    mask = KnownPositives(anchors, positives, labels).mask(np.arange(len(anchors)))
    assert mask[place] == known


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcxyz")), min_size=2, max_size=30))
def test_the_mask_equals_a_look_at_every_pair(pairs: list[tuple[str, str]]) -> None:
    anchors, positives = [a for a, _ in pairs], [p for _, p in pairs]
    rows = np.random.default_rng(len(pairs)).permutation(len(pairs))[: max(2, len(pairs) // 2)]
    mask = KnownPositives(anchors, positives, None).mask(rows)
    for i, row in enumerate(rows):
        for j, other in enumerate(rows):
            expected = (anchors[row], positives[other]) in pairs or anchors[row] == positives[other]
            assert mask[i, j] == expected


def test_without_known_positives_the_loss_is_plain_cross_entropy_of_cosines() -> None:
    generator = torch.Generator().manual_seed(0)
    anchors, positives = torch.randn(8, 5, generator=generator), torch.randn(8, 5, generator=generator)
    cosines = functional.cosine_similarity(anchors[:, None], positives[None], dim=-1) * 20
    expected = functional.cross_entropy(cosines, torch.arange(8))
    actual = multiple_negatives_ranking(anchors, positives, torch.eye(8, dtype=torch.bool), 20.0)
    assert torch.allclose(actual, expected, atol=1e-6)


def test_a_known_positive_gets_no_gradient_as_a_negative() -> None:
    anchors = torch.eye(3, requires_grad=False)
    positives = torch.randn(3, 3, generator=torch.Generator().manual_seed(1), requires_grad=True)
    known = torch.eye(3, dtype=torch.bool)
    known[0, 1] = known[2, 1] = True
    losses = multiple_negatives_ranking(anchors[:1], positives[:1], known[:1, :1], 20.0)
    assert losses.item() == pytest.approx(0.0, abs=1e-6)
    multiple_negatives_ranking(anchors, positives, known, 20.0).backward()  # type: ignore[no-untyped-call]
    assert positives.grad is not None
    alone = positives.detach().clone().requires_grad_(True)
    similarity = functional.normalize(anchors, dim=1) @ functional.normalize(alone, dim=1).T * 20
    functional.cross_entropy(similarity[1:2], torch.tensor([1])).div(3).backward()  # type: ignore[no-untyped-call]
    assert alone.grad is not None
    assert torch.allclose(positives.grad[1], alone.grad[1], atol=1e-6), "row 1's positive is touched by row 1 alone"
