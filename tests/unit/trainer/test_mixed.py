"""Several sets in one training: every batch of one set, main rows once an epoch, the others as often as they weigh."""

from collections import Counter

import numpy as np
import pytest

from embtune_trainer.train.batches import Rows
from embtune_trainer.train.objectives import Mixed, make_objective
from embtune_trainer.train.sets import Sets
from support.trainer import Beside, a_file
from support.training_rows import loss_named

MAIN, BATCH = 50, 16


def a_mix(*beside: Beside) -> Mixed:
    pairs = [{"anchor": f"a {n}", "positive": f"b {n}"} for n in range(MAIN)]
    sets = Sets(MAIN, [one.prepared(a_file()) for one in beside])
    return Mixed(
        sets,
        [
            make_objective(pairs, loss_named("MultipleNegativesRanking")),
            *(make_objective([dict(row) for row in one.rows], loss_named(one.loss)) for one in beside),
        ],
    )


def scored(name: str, rows: int, weight: float) -> Beside:
    return Beside(name, "CoSENT", [{"sentence1": "a", "sentence2": "b", "score": 0.5}] * rows, "scored pairs", weight)


def passed(mix: Mixed, epochs: int) -> Counter[int]:
    """How often each row stood in a batch."""
    return Counter(int(row) for epoch in range(epochs) for batch in mix.batches(BATCH, epoch, 7) for row in batch)


@pytest.mark.parametrize(
    ("weight", "epochs", "times"),
    [(1.0, 1, 1), (2.0, 1, 2), (0.5, 2, 1), (2.5, 2, 5)],
    ids=["once", "twice", "half", "2.5 times"],
)
def test_main_rows_are_passed_once_an_epoch_and_others_as_often_as_they_weigh(weight: float, epochs: int, times: int) -> None:
    mix = a_mix(scored("sts", 64, weight))
    counted = passed(mix, epochs)
    assert {counted[row] for row in range(MAIN)} == {epochs}
    assert {counted[row] for row in range(MAIN, MAIN + 64)} == {times}
    assert [len(mix.batches(BATCH, epoch, 7)) for epoch in range(2)] == [sum(mix.sets.steps(BATCH))] * 2


def test_every_batch_is_of_one_set_and_none_of_them_waits_for_the_end() -> None:
    mix = a_mix(scored("sts", 160, 1.0), Beside("faq", "MultipleNegativesRanking", [{"anchor": "a", "positive": "b"}] * 80))
    names = [mix.sets.name(batch) for batch in mix.batches(BATCH, 0, 7)]
    assert Counter(names) == {None: 4, "sts": 10, "faq": 5}
    assert all(len({mix.sets.name(row.reshape(1)) for row in batch}) == 1 for batch in mix.batches(BATCH, 0, 7))
    assert len(set(names[:9])) == 3
    assert names != [mix.sets.name(batch) for batch in mix.batches(BATCH, 1, 7)], "each epoch draws anew"


def test_batches_are_a_function_of_seed_and_epoch() -> None:
    one, two = (a_mix(scored("sts", 64, 0.7), scored("more", 33, 1.0)) for _ in range(2))
    assert all(map(np.array_equal, one.batches(BATCH, 3, 7), two.batches(BATCH, 3, 7)))
    assert not all(map(np.array_equal, one.batches(BATCH, 3, 7), two.batches(BATCH, 3, 8)))


def test_the_order_of_a_set_depends_on_no_other() -> None:
    alone, beside = a_mix(scored("sts", 64, 1.0)), a_mix(scored("more", 33, 1.0), scored("sts", 64, 1.0))

    def own(mix: Mixed, name: str | None) -> list[Rows]:
        first = mix.sets.first[1 + [one.name for one in mix.sets.beside].index(name)] if name else 0
        return [batch - first for batch in mix.batches(BATCH, 0, 7) if mix.sets.name(batch) == name]

    for name in (None, "sts"):
        assert all(map(np.array_equal, own(alone, name), own(beside, name)))
