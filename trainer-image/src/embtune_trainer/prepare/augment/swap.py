"""Words in another order."""

from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.augment.words import at_least_one, places_of, split_words


def swap_words(text: str, share: float, chance: Chance) -> str:
    """With `share` of its words in each other's places, two by two."""
    parts = split_words(text)
    words = places_of(parts)
    moved = chance.some("RandomSwap", words, 2 * at_least_one(share / 2, len(words)))
    for one, other in zip(moved[::2], moved[1::2], strict=False):
        parts[one], parts[other] = parts[other], parts[one]
    return "".join(parts)
