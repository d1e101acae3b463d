"""What a long phase says on its way."""

from collections.abc import Callable

Tell = Callable[[float, str], None]
"""Takes the share of the phase that is done, 0 to 1, and a message such as `reading the data: 50000 rows`."""
TOLD_EVERY = 50_000
"""rows; a second or two"""


def untold(share: float, message: str) -> None:
    """For callers that nobody watches."""


def told_as(tell: Tell, start: float, end: float) -> Tell:
    """For a part of a phase, from one share to another."""
    return lambda share, message: tell(start + (end - start) * share, message)
