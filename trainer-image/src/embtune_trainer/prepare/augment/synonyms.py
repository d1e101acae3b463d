"""Words replaced by words that a file of the job gives for them.

The file is the team's: what may stand for what depends on the field (a `card` is no `menu` in a bank), and no thesaurus that a
package could ship knows that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from embtune_api.augment import SynonymFile
from embtune_api.errors import InvalidInput
from embtune_api.sources import DataSource
from embtune_trainer.prepare.augment.chance import Chance
from embtune_trainer.prepare.augment.words import at_least_one, core_of, places_of, split_words
from embtune_trainer.prepare.normalise import normalise
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.records import broken, read_records
from embtune_trainer.prepare.sources import content_at

FIELD = "data.augment.synonyms"
COLUMNS = ("word", "synonyms")
BETWEEN = "|"
"""What stands between synonyms where the file has no lists."""


@dataclass(frozen=True)
class Synonyms:
    """Which words may stand for which: in the direction that the file says, and in no other."""

    of: dict[str, tuple[str, ...]]
    """Normalised word, or words → what may stand there."""
    sha256: str
    """Of the file."""

    @property
    def longest(self) -> int:
        """words"""
        return max(len(key.split()) for key in self.of)

    def replace(self, text: str, share: float, chance: Chance) -> str:
        """With synonyms for `share` of its words, as far as there are any."""
        parts = split_words(text)
        spans = dict(self._spans(parts))
        for first in chance.some("SynonymReplacement", list(spans), at_least_one(share, len(places_of(parts)))):
            last = spans[first]
            before, behind = core_of(parts[first])[0], core_of(parts[last])[2]
            word = "".join(parts[first : last + 1])
            taken = chance.at(first).pick("SynonymReplacement/word", self.of[normalise(word)])
            parts[first] = f"{before}{_as_capital(taken, core_of(parts[first])[1])}{behind}"
            parts[first + 1 : last + 1] = [""] * (last - first)
        return "".join(parts)

    def _spans(self, parts: list[str]) -> Iterator[tuple[int, int]]:
        """Places of the first and the last word of what has synonyms; of several the longest, and no word twice."""
        first, longest = 1, self.longest
        while first < len(parts):
            lasts = range(min(first + 2 * (longest - 1), len(parts) - 2), first - 1, -2)
            last = next((last for last in lasts if normalise("".join(parts[first : last + 1])) in self.of), None)
            if last is not None:
                yield first, last
            first = (first if last is None else last) + 2


def read_synonyms(file: SynonymFile, folder: Path | None, outside: Outside) -> Synonyms:
    """
    Raises:
        InvalidInput: it cannot be had, lacks a column, or has a row that says nothing (`file:row`).
    """
    content, _ = content_at(DataSource(uri=file.uri, secret_ref=file.secret_ref), folder, FIELD, outside)
    found = read_records(file.uri, content, COLUMNS)
    table: dict[str, dict[str, None]] = {}
    for record in found.records:
        if not record.values:
            continue
        word, synonyms = record.values.get("word"), _several(record.values.get("synonyms"))
        if not isinstance(word, str) or not word.strip() or not synonyms:
            raise broken(file.uri, record.line, f"'word' is a word, and 'synonyms' are others, with {BETWEEN} between them")
        key = normalise(word)
        table.setdefault(key, {}).update({text: None for text in synonyms if normalise(text) != key})
    of = {key: tuple(sorted(texts)) for key, texts in table.items() if texts}
    if not of:
        raise InvalidInput(f"{FIELD}.uri: {file.uri} has no synonym in it. Give rows with the columns {' and '.join(COLUMNS)}.")
    return Synonyms(of, hashlib.sha256(content).hexdigest())


def _several(value: Any) -> list[str]:
    """A list of JSON, or one text; empty where it is neither."""
    texts = value.split(BETWEEN) if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        return []
    return [text.strip() for text in texts if text.strip()]


def _as_capital(synonym: str, word: str) -> str:
    """With a capital where the word has one."""
    return synonym[:1].upper() + synonym[1:] if word[:1].isupper() else synonym
