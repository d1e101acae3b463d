"""Parts of the rows for a learning curve."""

import itertools
import random

from embtune_trainer.look.curve import parts_of
from embtune_trainer.prepare.rows import make_row
from support.shapes import medquad

ROWS = [make_row(r["question"], r["answer"], None, None, "a.jsonl", n + 1) for n, r in enumerate(medquad()[:100])]
SHARES = [1 / 8, 1 / 4, 1 / 2, 1.0]


def test_smaller_parts_are_in_larger_ones_whatever_the_order_of_the_rows() -> None:
    parts = parts_of(ROWS, SHARES, seed=0)
    assert [len(part) for part in parts] == [12, 25, 50, 100]
    for small, large in itertools.pairwise(parts):
        assert {row.where for row in small} < {row.where for row in large}
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    assert parts_of(shuffled, SHARES, seed=0) == parts


def test_another_seed_takes_other_rows() -> None:
    one, other = (parts_of(ROWS, SHARES, seed=seed)[0] for seed in (0, 1))
    assert {row.where for row in one} != {row.where for row in other}
