"""Global batches are a function of the seed alone; ranks only divide the work."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embtune_trainer.train.batches import global_batches, rank_slice


@given(rows=st.integers(2, 500), batch_size=st.integers(2, 64), seed=st.integers(0, 99))
def test_an_epoch_has_every_row_once_and_no_ragged_tail(rows: int, batch_size: int, seed: int) -> None:
    batches = global_batches(rows, batch_size, epoch=0, seed=seed)
    assert sorted(np.concatenate(batches)) == list(range(rows))
    sizes = [len(batch) for batch in batches]
    assert max(sizes) <= batch_size
    assert max(sizes) - min(sizes) <= 1


def test_the_order_changes_with_epoch_and_seed_and_with_nothing_else() -> None:
    first = np.concatenate(global_batches(100, 10, epoch=0, seed=7))
    assert np.array_equal(first, np.concatenate(global_batches(100, 10, epoch=0, seed=7)))
    assert not np.array_equal(first, np.concatenate(global_batches(100, 10, epoch=1, seed=7)))
    assert not np.array_equal(first, np.concatenate(global_batches(100, 10, epoch=0, seed=8)))


@given(lengths=st.lists(st.integers(1, 100), min_size=1, max_size=60), world=st.integers(1, 4))
def test_ranks_share_a_batch_without_overlap(lengths: list[int], world: int) -> None:
    slices = [rank_slice(np.array(lengths), rank, world) for rank in range(world)]
    assert sorted(np.concatenate(slices)) == list(range(len(lengths)))


@pytest.mark.parametrize("world", [2, 4])
def test_ranks_get_nearly_the_same_number_of_tokens(world: int) -> None:
    lengths = np.random.default_rng(0).integers(4, 64, size=64)
    work = [int(lengths[rank_slice(lengths, rank, world)].sum()) for rank in range(world)]
    assert max(work) <= 1.15 * min(work)
