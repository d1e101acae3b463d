"""Capitals as people set them: none, all, the first, or one for each word."""

from collections.abc import Callable

from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.augment.words import places_of, split_words
from embtune_trainer.prepare.normalise import normalise


def recase(text: str, chance: Chance) -> str:
    """In one of the ways that the text is not in already; always the same text to the normaliser."""
    ways = [changed for way in WAYS if (changed := way(text)) != text and normalise(changed) == normalise(text)]
    return chance.pick("Casing", ways) if ways else text


def _first_capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].lower()}"


def _each_word(text: str) -> str:
    parts = split_words(text)
    for place in places_of(parts):
        parts[place] = _first_capital(parts[place])
    return "".join(parts)


WAYS: tuple[Callable[[str], str], ...] = (str.lower, str.upper, _first_capital, _each_word)
