"""Words left out, as somebody in a hurry does."""

from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.augment.words import at_least_one, is_plain, places_of, split_words

FEWEST_WORDS = 3
"""A text of two words without one of them says something else."""


def delete_words(text: str, share: float, chance: Chance) -> str:
    """Without `share` of its words; numbers and codes stay."""
    parts = split_words(text)
    words = places_of(parts)
    if len(words) < FEWEST_WORDS:
        return text
    plain = [place for place in words if is_plain(parts[place])]
    gone = chance.some("RandomDeletion", plain, min(at_least_one(share, len(words)), len(words) - 1))
    return "".join(parts[place - 1] + parts[place] for place in words if place not in gone).strip() if gone else text
