"""Rows to changed rows."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from embtune_api.augment import Augment, AugmentColumn, AugmentMethod
from embtune_api.losses import Shape
from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.normalise import normalise, squash
from embtune_trainer.prepare.rows import Row, by_content

Asked = Sequence[tuple[str, Chance]]
Method = Callable[[Asked], list[str | None]]
"""Texts → what became of them, each with the choices that are to be made for it; None: nothing could be said to the end."""

POSITIVE_SIDE: tuple[AugmentColumn, ...] = ("positive", "sentence2")
"""The other columns are on the query side of a row."""
_FIRST: dict[Shape, AugmentColumn] = {
    "pairs": "anchor",
    "triplets": "anchor",
    "scored pairs": "sentence1",
    "labelled texts": "text",
}
"""What is changed where nothing is said."""


@dataclass(frozen=True)
class Wish:
    """A row that is to be made."""

    row: Row
    method: AugmentMethod
    chance: Chance

    def asked(self, column: AugmentColumn) -> tuple[str, Chance]:
        return text_of(self.row, column), replace(self.chance, content=f"{self.chance.content}\0{column}")


@dataclass(frozen=True)
class Attempt:
    """What became of the texts of a row."""

    row: Row
    method: AugmentMethod
    texts: dict[AugmentColumn, str | None]

    @property
    def unfinished(self) -> bool:
        return None in self.texts.values()

    @cached_property
    def changed(self) -> dict[AugmentColumn, str]:
        """The texts that are others than before, as far as that counts: a change of case does where that was asked for."""
        return {
            column: text for column, text in self.texts.items() if text and self.key(text) != self.key(text_of(self.row, column))
        }

    def key(self, text: str) -> str:
        """Equal for texts that are the same: but for Casing, casing, punctuation and white space do not count."""
        return text if self.method == "Casing" else squash(normalise(text))

    @cached_property
    def made(self) -> Row:
        """The row with its changed texts."""
        changed = self.changed
        anchor = next((text for column, text in changed.items() if column not in POSITIVE_SIDE), self.row.anchor)
        positive = next((text for column, text in changed.items() if column in POSITIVE_SIDE), self.row.positive)
        return replace(
            self.row,
            anchor=anchor,
            positive=positive,
            query=normalise(anchor),
            original=(self.row.anchor, self.row.positive),
        )


def attempt(rows: list[Row], wanted: Augment, methods: Mapping[AugmentMethod, Method]) -> list[Attempt]:
    """Rows made of `rows`, in an order that theirs does not change; each method is asked for all of its texts at once."""
    copies: Counter[str] = Counter()
    wishes: list[Wish] = []
    for row in by_content(rows):
        wishes += _wishes(row, copies[row.content], wanted)
        copies[row.content] += 1
    places: dict[AugmentMethod, list[tuple[int, AugmentColumn]]] = defaultdict(list)
    for number, wish in enumerate(wishes):
        places[wish.method] += [(number, column) for column in wanted.columns or [_FIRST[wish.row.shape]]]
    texts: dict[int, dict[AugmentColumn, str | None]] = defaultdict(dict)
    for method, own in places.items():
        answers = methods[method]([wishes[number].asked(column) for number, column in own])
        for (number, column), text in zip(own, answers, strict=True):
            texts[number][column] = text
    return [Attempt(wish.row, wish.method, texts[number]) for number, wish in enumerate(wishes)]


def text_of(row: Row, column: AugmentColumn) -> str:
    return row.positive if column in POSITIVE_SIDE else row.anchor


def _wishes(row: Row, copy: int, wanted: Augment) -> list[Wish]:
    """As many as the ratio says, on average; the methods take turns, beginning with any. Of copies, each is changed in its own
    way."""
    chance = Chance(wanted.seed, row.content).at(copy)
    whole, part = divmod(wanted.ratio, 1)
    count = int(whole) + (chance.fraction("rows") < part)
    first = chance.number("method")
    return [Wish(row, wanted.methods[(first + n) % len(wanted.methods)], chance.at(n)) for n in range(count)]
