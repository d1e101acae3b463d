"""Choices for one row, text or word."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from embtune_trainer.prepare.builders.turns import by_chance, turn

T = TypeVar("T")


@dataclass(frozen=True)
class Chance:
    """The same choices whenever the same is asked for the same content."""

    seed: int
    content: str
    """Of the row, and which part of it this is for."""

    def at(self, place: int) -> "Chance":
        """For the part with that number."""
        return Chance(self.seed, f"{self.content}\0{place}")

    def number(self, operation: str) -> int:
        """64 bits."""
        return turn(self.seed, f"augment/{operation}", self.content)

    def fraction(self, operation: str) -> float:
        """From 0 to 1, exclusive."""
        return self.number(operation) / 2**64

    def pick(self, operation: str, choices: Sequence[T]) -> T:
        return choices[self.number(operation) % len(choices)]

    def some(self, operation: str, places: Sequence[int], count: int) -> list[int]:
        """`count` of the places, or all that there are, in an order by chance."""
        keyed = by_chance(places, lambda place: f"{self.content}\0{place}", self.seed, f"augment/{operation}")
        return keyed[:count]
