"""Slips of the fingers: a neighbouring key, two letters the wrong way round, one left out, one doubled.

No library is behind this: those on PyPI draw from Python's one random state, or bring taggers along.
"""

from collections.abc import Callable

from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.augment.words import at_least_one, core_of, is_plain, places_of, split_words

FEWEST_LETTERS = 4
"""Of a word that is mistyped: shorter ones become other words."""
_KEYS = ((0.0, "qwertyuiop"), (0.25, "asdfghjkl"), (0.75, "zxcvbnm"))
"""Rows of the American keyboard, with how far they are moved to the right, in keys."""
_NEAR = 1.3
"""keys, from middle to middle"""


def _neighbours() -> dict[str, str]:
    places = {key: (row, shift + number) for row, (shift, keys) in enumerate(_KEYS) for number, key in enumerate(keys)}

    def near(one: str, other: str) -> bool:
        (row, column), (other_row, other_column) = places[one], places[other]
        return one != other and (row - other_row) ** 2 + (column - other_column) ** 2 <= _NEAR**2

    return {key: "".join(other for other in places if near(key, other)) for key in places}


NEIGHBOURS = _neighbours()
"""Key → those beside it."""
Slip = Callable[[str, int, Chance], str]
"""A word with a slip at a place; the word as it is, where that slip cannot happen there."""


def mistype(text: str, share: float, chance: Chance) -> str:
    """With a slip in `share` of its words. First letters, short words, numbers and codes stay."""
    parts = split_words(text)
    words = places_of(parts)
    long_enough = [place for place in words if is_plain(parts[place]) and len(core_of(parts[place])[1]) >= FEWEST_LETTERS]
    for place in chance.some("Typos", long_enough, at_least_one(share, len(words))):
        before, word, behind = core_of(parts[place])
        parts[place] = f"{before}{_slip(word, chance.at(place))}{behind}"
    return "".join(parts)


def _slip(word: str, chance: Chance) -> str:
    at = chance.pick("Typos/letter", range(1, len(word)))
    possible = [slipped for slip in SLIPS if (slipped := slip(word, at, chance)) != word]
    return chance.pick("Typos/slip", possible)


def _beside(word: str, at: int, chance: Chance) -> str:
    keys = NEIGHBOURS.get(word[at].lower())
    if keys is None:
        return word
    key = chance.pick("Typos/key", keys)
    return f"{word[:at]}{key.upper() if word[at].isupper() else key}{word[at + 1 :]}"


def _turned_round(word: str, at: int, _chance: Chance) -> str:
    return f"{word[:at]}{word[at + 1 : at + 2]}{word[at]}{word[at + 2 :]}"


def _left_out(word: str, at: int, _chance: Chance) -> str:
    return word[:at] + word[at + 1 :]


def _doubled(word: str, at: int, _chance: Chance) -> str:
    return word[: at + 1] + word[at:]


SLIPS: tuple[Slip, ...] = (_beside, _turned_round, _left_out, _doubled)
