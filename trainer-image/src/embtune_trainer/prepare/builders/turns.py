"""Random choices that depend on the seed, the operation and the row alone."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def turn(seed: int, operation: str, content: str) -> int:
    """Where in an order by chance something stands: 64 bits."""
    return int.from_bytes(hashlib.sha256(f"{operation}\0{seed}\0{content}".encode()).digest()[:8], "big")


def by_chance(items: Iterable[T], content: Callable[[T], str], seed: int, operation: str) -> list[T]:
    """Items in an order by chance, the same whatever order they come in; equal ones are told apart by nothing."""

    def place(item: T) -> tuple[int, str]:
        text = content(item)
        return turn(seed, operation, text), text

    return sorted(items, key=place)


def take(pool: Sequence[T], start: int, most: int, fits: Callable[[T], bool]) -> list[T]:
    """The first `most` of the pool that fit, going round from `start`."""
    return list(islice((item for item in _round(pool, start) if fits(item)), most))


def _round(pool: Sequence[T], start: int) -> Iterator[T]:
    for step in range(len(pool)):
        yield pool[(start + step) % len(pool)]
