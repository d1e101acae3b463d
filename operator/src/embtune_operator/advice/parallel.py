"""Parallel texts as corpora publish them: two files of text, in which line i of one is the translation of line i of the other."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_READ = frozenset({".csv", ".tsv", ".gz", ".zst"})
"""Endings of files that are read, as short as those of languages"""


@dataclass(frozen=True)
class SideBySide:
    """The rows of both files in one."""

    file: Path
    columns: str
    """As `--columns` takes them: texts of the first file ask, those of the second answer."""


def refuse_half(file: Path) -> None:
    """Raises InvalidInput: lines of text whose translations are in a file that differs in the language at its end."""
    language = file.suffix.removeprefix(".")
    others = sorted(other.suffix[1:] for other in file.parent.glob(f"{file.stem}.*") if len(other.suffix) == len(file.suffix))
    others = [other for other in others if other != language and other.isalpha()]
    if file.suffix.lower() in _READ or len(language) not in (2, 3) or not others:
        return
    other = file.with_suffix(f".{others[0]}")
    raise InvalidInput(
        f"{file}: lines whose translations are in {other}. A row must hold both. To have them put side by side and a job written "
        f"for that: embtune init {file} --beside {other}"
    )


@contextmanager
def side_by_side(first: Path, second: Path, folder: Path) -> Iterator[SideBySide]:
    """A row for each line, in a new file in `folder`, which goes again when what it is needed for fails.

    Raises:
        InvalidInput: the files do not have the same number of lines, are not UTF-8, or the new file is there already.
    """
    names = [file.suffix.removeprefix(".") for file in (first, second)]
    if len(set(names)) < len(names) or not all(names):
        names = [file.stem for file in (first, second)] if first.stem != second.stem else ["first", "second"]
    file = folder / f"{first.stem}.jsonl"
    rows = _rows(first, second, names)
    try:
        with file.open("x", encoding="utf-8") as out:
            out.writelines(rows)
    except FileExistsError:
        raise InvalidInput(
            f"{file} is there already, and nothing is overwritten. If it holds these rows: embtune init {file}. If not, move it."
        ) from None
    try:
        yield SideBySide(file, f"anchor={names[0]},positive={names[1]}")
    except BaseException:
        file.unlink()
        raise


def _rows(first: Path, second: Path, names: list[str]) -> list[str]:
    """As lines of JSON. Raises InvalidInput."""
    lines = list(zip_longest(_lines(first), _lines(second)))
    if lines and None in lines[-1]:
        counts = [sum(pair[side] is not None for pair in lines) for side in (0, 1)]
        raise InvalidInput(
            f"{first} has {counts[0]} lines and {second} has {counts[1]}: line by line they cannot be translations of each "
            f"other. Give two files of one corpus, or repair where one of them lost a line."
        )
    return [json.dumps(dict(zip(names, pair, strict=True)), ensure_ascii=False) + "\n" for pair in lines]


def _lines(file: Path) -> list[str]:
    """Without their line breaks; only LF and CRLF end a line, for others are found within sentences."""
    data = file.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise InvalidInput(f"{file}:{number}: not UTF-8. Save the file as UTF-8 (iconv -t UTF-8 does it).") from None
    return [line.strip() for line in text.removesuffix("\n").split("\n")] if text else []
