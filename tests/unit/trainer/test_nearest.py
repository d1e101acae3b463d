"""The fast search finds what sorting every score finds: ties, near-ties and collapsed vectors included."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from embtune_trainer.evaluate.nearest import nearest
from embtune_trainer.evaluate.ranking import rank_passages, top_columns, unit
from embtune_trainer.evaluate.shortlist import shortlist

Vectors = NDArray[np.float32]
PRECISIONS = [torch.bfloat16, torch.float32]


def by_sorting(queries: Vectors, documents: Vectors, depth: int) -> NDArray[np.int64]:
    scores = np.stack([np.einsum("cd,d->c", documents, query) for query in queries])
    return np.argsort(-scores, axis=1, kind="stable")[:, :depth]


@st.composite
def tied_vectors(draw: st.DrawFn) -> tuple[Vectors, Vectors, int]:
    """Vectors on a coarse grid, so that most scores tie; from fewer documents than are wanted to several parts of them."""
    dim, documents = draw(st.integers(1, 3)), draw(st.integers(1, 300))
    grid = st.sampled_from([-1.0, 0.0, 0.5, 1.0])
    vectors = [draw(arrays(np.float32, (count, dim), elements=grid)) for count in (draw(st.integers(1, 5)), documents)]
    return unit(vectors[0]), unit(vectors[1]), draw(st.integers(1, min(12, documents)))


@pytest.mark.parametrize("precision", PRECISIONS, ids=str)
@settings(deadline=None, max_examples=60)
@given(tied_vectors())
def test_ties_are_found_as_sorting_finds_them(precision: torch.dtype, drawn: tuple[Vectors, Vectors, int]) -> None:
    queries, documents, depth = drawn
    assert (nearest(queries, documents, depth, precision) == by_sorting(queries, documents, depth)).all()


@pytest.mark.parametrize("precision", PRECISIONS, ids=str)
@pytest.mark.parametrize(
    "spread",
    [
        pytest.param(1.0, id="documents that point anywhere"),
        pytest.param(0.1, id="documents that all point in one direction"),
        pytest.param(1e-4, id="documents that bf16 cannot tell apart"),
        pytest.param(1e-8, id="documents that fp32 can hardly tell apart"),
        pytest.param(0.0, id="documents that are all the same"),
    ],
)
def test_it_finds_what_sorting_finds(spread: float, precision: torch.dtype) -> None:
    draw = np.random.default_rng(3)
    middle = draw.standard_normal(96, dtype=np.float32)
    documents = unit(middle + spread * draw.standard_normal((3_000, 96), dtype=np.float32))
    documents[1_500:1_600] = documents[:100]  # copies, far away in memory
    queries = unit(middle + draw.standard_normal((40, 96), dtype=np.float32))
    assert (nearest(queries, documents, 10, precision) == by_sorting(queries, documents, 10)).all()


def test_few_columns_are_looked_at_where_scores_differ() -> None:
    scores = torch.randn(20_000, 8, generator=torch.Generator().manual_seed(1))
    few = shortlist(scores, 10, 0.0, longest=40)
    assert few is not None
    assert {len(columns) for columns in few.of_each(8)} <= set(range(10, 15))
    assert shortlist(torch.ones(20_000, 8), 10, 0.0, longest=40) is None


@given(
    arrays(np.float32, st.tuples(st.integers(1, 4), st.integers(1, 300)), elements=st.sampled_from([-np.inf, 0.0, 0.25, 1.0])),
    st.integers(1, 12),
)
def test_columns_are_as_sorting_has_them(scores: Vectors, wanted: int) -> None:
    depth = min(wanted, scores.shape[1])
    assert (top_columns(scores, depth) == np.argsort(-scores, axis=1, kind="stable")[:, :depth]).all()


def test_vectors_of_zeros_are_as_far_from_everything() -> None:
    documents = np.zeros((50, 4), dtype=np.float32)
    documents[7] = 1
    ranked = rank_passages(np.ones((1, 4), dtype=np.float32), documents, [f"{n:02d}" for n in range(50)], 3)
    assert ranked.tolist() == [[7, 49, 48]]
