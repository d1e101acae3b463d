"""The threshold, Jaccard 0.8, as a fraction: sizes and overlaps are compared as integers, without rounding.

Two sets of sizes a and b with s grams in common are at it where s / (a + b - s) ≥ 4/5, so where 9 s ≥ 4 (a + b).
"""

from typing import Any

NUMERATOR, DENOMINATOR = 4, 5


def smallest_partner(sizes: Any) -> Any:
    """Sets smaller than this are not similar to one of this size; of a similar one so many grams are in common, at least."""
    return -(-NUMERATOR * sizes // DENOMINATOR)


def largest_partner(sizes: Any) -> Any:
    return DENOMINATOR * sizes // NUMERATOR


def largest_given(sizes: Any, after: Any) -> Any:
    """The largest set that is similar to one of this size which has no more than `after` grams in common with it."""
    return ((NUMERATOR + DENOMINATOR) * after - NUMERATOR * sizes) // NUMERATOR


def needed(sizes: Any) -> Any:
    """How many grams two similar sets have in common, at least, given their sizes together."""
    return -(-NUMERATOR * sizes // (NUMERATOR + DENOMINATOR))


def differing(sizes: Any) -> Any:
    """How many grams only one of two similar sets has, at most, given their sizes together."""
    return sizes - 2 * needed(sizes)


def prefix_lengths(sizes: Any) -> Any:
    """Among so many of a set's grams, in any order, is the first that it has in common with a similar one."""
    return sizes - smallest_partner(sizes) + 1
