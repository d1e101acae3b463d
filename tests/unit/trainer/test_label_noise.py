"""Labels that neighbours do not share: what is doubted, and by whom."""

import numpy as np
import pytest
from numpy.typing import NDArray

from embtune_trainer.prepare.label_noise import NEIGHBOURS, suspect

Vectors = NDArray[np.float32]


def clusters(labels: int, each: int, spread: float = 0.25, seed: int = 0) -> tuple[Vectors, list[str], list[str]]:
    """Vectors around as many centres, with their labels, every row a group of its own."""
    generator = np.random.default_rng(seed)
    centres = np.eye(16)[:labels]
    vectors = np.repeat(centres, each, axis=0) + generator.normal(0, spread, (labels * each, 16))
    return (
        vectors.astype(np.float32),
        [f"label {n // each}" for n in range(labels * each)],
        [str(n) for n in range(labels * each)],
    )


def test_exchanged_labels_come_first_and_are_flagged() -> None:
    vectors, labels, groups = clusters(6, 40)
    wrong = [3, 50, 111, 200]
    for number in wrong:
        labels[number] = "label 5" if labels[number] != "label 5" else "label 0"
    found = suspect(vectors, labels, groups)
    assert set(found.ranked[: len(wrong)]) == set(wrong)
    assert len(set(wrong) & set(np.flatnonzero(found.flagged))) >= len(wrong) - 1
    assert found.flagged.sum() <= len(wrong) + 2
    assert [found.others[number] for number in wrong] == [number // 40 for number in wrong]


def test_rows_of_one_group_say_nothing_about_each_other() -> None:
    vectors, labels, groups = clusters(3, 30)
    copied = np.concatenate([vectors, np.repeat(vectors[:1], NEIGHBOURS, axis=0)])
    repeated = [*labels, *["label 2"] * NEIGHBOURS]
    own = suspect(copied, repeated, [*groups, *[groups[0]] * NEIGHBOURS])
    assert not own.flagged[0], "twenty copies of it with another label are one opinion, and its own group's"
    foreign = suspect(copied, repeated, [*groups, *[f"other {n}" for n in range(NEIGHBOURS)]])
    assert foreign.flagged[0]


@pytest.mark.parametrize(
    ("labels", "groups"),
    [
        pytest.param(["a"] * 6, list("uvwxyz"), id="one label"),
        pytest.param(list("abcdef"), list("uvwxyz"), id="every row a label of its own"),
        pytest.param(["a", "b"] * 3, ["g"] * 6, id="one group: no row has neighbours"),
    ],
)
def test_what_tells_nothing_flags_nothing(labels: list[str], groups: list[str]) -> None:
    vectors = np.random.default_rng(1).normal(size=(6, 4)).astype(np.float32)
    found = suspect(vectors, labels, groups)
    assert not found.flagged.any()
    assert sorted(found.ranked.tolist()) == list(range(6))
    assert np.isfinite(found.margins).all()


def test_a_label_that_neighbours_know_badly_is_held_to_its_own_standard() -> None:
    """Half of its rows lie among those of another label: none of them is worse than the others."""
    vectors, labels, groups = clusters(4, 40)
    scattered = np.concatenate([vectors, vectors[:30] + np.random.default_rng(2).normal(0, 0.25, (30, 16)).astype(np.float32)])
    found = suspect(scattered.astype(np.float32), [*labels, *["scattered"] * 30], [*groups, *[f"s{n}" for n in range(30)]])
    assert found.flagged[-30:].mean() < 0.7
