"""How long most texts are: what `training.maxSeqLength: Auto` stands for."""

from collections.abc import Sequence

import numpy as np

from embtune_api.length import LONGEST

PERCENT = 95
"""Of the texts are whole."""
MULTIPLE = 8
"""Tokens. Widths that are one suit the matrix units of a GPU."""


def length_of_most(lengths: Sequence[int], most: int | None) -> int:
    """The least multiple of 8 that 95 % of the texts do not exceed.

    Args:
        lengths: tokens of each text; at least one.
        most: what the model reads, which is never exceeded; None: there is no limit.
    """
    needed = int(np.percentile(lengths, PERCENT, method="inverted_cdf"))
    return min(-(-needed // MULTIPLE) * MULTIPLE, most or LONGEST, LONGEST)
