"""Grouping by length loses no row and never costs more than one padded batch."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from embtune_trainer.encoder import length_groups


def cost(lengths: np.ndarray, groups: list[np.ndarray], overhead: int) -> int:
    return sum(len(group) * int(lengths[group].max()) + overhead for group in groups)


@given(st.lists(st.integers(1, 64), min_size=1, max_size=60), st.integers(0, 500), st.integers(1, 60))
def test_every_row_is_in_one_group_of_bounded_size(lengths: list[int], overhead: int, max_rows: int) -> None:
    groups = length_groups(np.array(lengths), overhead, max_rows)
    assert sorted(itertools.chain(*groups)) == list(range(len(lengths)))
    assert max(len(group) for group in groups) <= max_rows


@given(st.lists(st.integers(1, 30), min_size=1, max_size=9), st.integers(0, 60))
def test_it_is_the_cheapest_of_all_contiguous_groupings(lengths: list[int], overhead: int) -> None:
    array = np.array(lengths)
    order = np.argsort(-array, kind="stable")
    everything = (
        cost(array, np.split(order, list(cuts)), overhead)
        for count in range(len(array))
        for cuts in itertools.combinations(range(1, len(array)), count)
    )
    assert cost(array, length_groups(array, overhead, len(array)), overhead) == min(everything)


def test_no_rows_make_no_groups() -> None:
    assert length_groups(np.array([], dtype=np.int64), 10, 10) == []
