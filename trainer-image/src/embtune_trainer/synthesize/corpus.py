"""Texts of a file without labels, each once."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from embtune_api.errors import InvalidInput
from embtune_trainer.prepare.builders.turns import by_chance
from embtune_trainer.prepare.findings import shorten
from embtune_trainer.prepare.normalise import normalise, squash
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.records import read_records
from embtune_trainer.prepare.sources import content_of

LONGEST = 100_000
"""characters; no model reads on that far"""


@dataclass(frozen=True)
class Item:
    """A passage, or a query that somebody asked."""

    text: str
    digest: str
    """16 hex characters of the sha256 of the text."""
    name: str
    """As its column says; without one, the digest."""


@dataclass(frozen=True)
class Texts:
    items: list[Item]
    """By digest; no two have the same normalised text."""
    left_out: Counter[str]
    """Rows, by the reason."""

    def some(self, most: int | None, seed: int) -> list[Item]:
        """So many of them, by chance; more of them begin with the same ones."""
        return by_chance(self.items, lambda item: item.digest, seed, "synthesize/items")[:most]


def read_texts(uri: str, header: Sequence[str], text: str, name: str | None, folder: Path, outside: Outside, field: str) -> Texts:
    """Whatever order the rows come in. Of equal texts one stays, the first by digest.

    Args:
        header: names of its columns, where its first line is data
        text: the column of texts
        name: the column of their names; None: they have none
        field: what the user calls the file, in errors

    Raises:
        InvalidInput: the file cannot be read, a row of it is broken (`file:row`), a column is not there, or no row has text.
    """
    found = read_records(uri, content_of(uri, folder, outside, field), [text] if name is None else [text, name], header)
    left_out: Counter[str] = Counter()
    by_text: dict[str, Item] = {}
    for record in found.records:
        value = record.values.get(text)
        if not isinstance(value, str) or not value.strip():
            left_out["blank"] += 1
        elif len(value) > LONGEST:
            left_out[f"longer than {LONGEST} characters"] += 1
        else:
            _refuse_bad_characters(uri, record.line, text, value)
            item = _item(value.strip(), record.values.get(name) if name is not None else None)
            key = squash(normalise(item.text))
            left_out["repeated"] += key in by_text
            by_text[key] = min(by_text.get(key, item), item, key=lambda one: (one.digest, one.name))
    _refuse_missing(uri, {text, *([name] if name is not None else [])} - found.columns, found.columns)
    if not by_text:
        raise InvalidInput(f"{uri}: no row has a text in column {text!r}. Name the column of texts with --text.")
    return Texts(sorted(by_text.values(), key=lambda item: item.digest), +left_out)


def _item(text: str, name: object) -> Item:
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    spelled = name if isinstance(name, str) else "" if name is None else json.dumps(name, ensure_ascii=False, default=str)
    return Item(text, digest, spelled.strip() or digest)


def _refuse_missing(uri: str, missing: set[str], there: set[str]) -> None:
    if missing:
        names = ", ".join(map(shorten, sorted(there)[:20]))
        raise InvalidInput(f"{uri}: no column {', '.join(sorted(missing))}. The file has {names}. Name one of those.")


def _refuse_bad_characters(uri: str, line: int, column: str, text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidInput(
            f"{uri}:{line}: broken row: {column!r} contains half a surrogate pair, which is not text. Correct or delete that row."
        ) from None
