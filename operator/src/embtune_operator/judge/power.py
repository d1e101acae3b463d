"""Power: how small a difference an exam can still tell from none.

A one-sided test at `confidence` finds a difference d with probability `power` where d is (z_confidence + z_power) standard
errors of the difference. J. Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), chapter 2.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

POWER = 0.8
ALIKE = 0.7
"""Assumed correlation of what a base and the model tuned from it score on a query, where only the base has been measured."""


def error_of_difference(error: float) -> float:
    """Standard error of what a tuned model has more than its base, where that of the base is `error`."""
    return error * sqrt(2 * (1 - ALIKE))


def detectable(error: float, groups: int, exam_groups: int, confidence: float = 0.95) -> float:
    """The smallest difference between a base and a model tuned from it that an exam tells.

    Args:
        error: standard error of such a difference on `groups` groups.
        exam_groups: of the exam, which is like what was measured on.
    """
    normal = NormalDist()
    return (normal.inv_cdf(confidence) + normal.inv_cdf(POWER)) * error * sqrt(groups / exam_groups)
