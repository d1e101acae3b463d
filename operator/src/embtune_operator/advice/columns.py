"""What the columns of a file mean, by their names; where these say nothing, by what they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from embtune_api.errors import InvalidInput
from embtune_api.sources import Columns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embtune_api.look import ColumnLook, FileLook

_PAIRS = (
    ("anchor", "positive"),
    ("query", "positive"),
    ("query", "passage"),
    ("query", "document"),
    ("query", "answer"),
    ("question", "answer"),
    ("question", "passage"),
    ("question", "context"),
    ("question", "response"),
    ("source", "target"),
    ("description", "command"),
    ("description", "code"),
    ("instruction", "output"),
    ("prompt", "response"),
    ("title", "body"),
)
"""Each is an anchor and its positive, the plainest first."""
_NEGATIVES = ("negative", "hard_negative")
_SCORED = (("sentence1", "sentence2"), ("sentence_1", "sentence_2"), ("text1", "text2"), ("question1", "question2"))
_SCORES = ("score", "similarity", "similarity_score", "relatedness", "label", "is_duplicate")
_TEXTS = ("text", "utterance", "sentence", "message", "query", "question", "subject", "body")
_LABELS = ("label", "category", "intent", "class", "topic", "tag")
_FEWEST_ALIKE = 3
"""Rows that a value of a label has on average, where no name says that it is one."""


@dataclass(frozen=True)
class Guess:
    """Which columns to map, and what made us think so."""

    columns: Columns
    reason: str

    @property
    def mapping(self) -> dict[str, str]:
        return self.columns.model_dump(exclude_none=True)

    def __str__(self) -> str:
        return f"{', '.join(f'{role}={name}' for role, name in self.mapping.items())} ({self.reason})"


def parse_columns(text: str) -> Columns:
    """`anchor=question,positive=answer`. Raises InvalidInput."""
    parts = [part.partition("=") for part in text.split(",")]
    try:
        return Columns.model_validate({role.strip(): name.strip() for role, _, name in parts})
    except ValidationError as error:
        said = error.errors()[0]
        at = ".".join(map(str, said["loc"]))
        raise InvalidInput(
            f"--columns {text}: {at + ': ' if at else ''}{said['msg'].removeprefix('Value error, ')}. "
            f"Write ROLE=COLUMN, with commas between, such as anchor=question,positive=answer."
        ) from None


def guess_columns(file: FileLook) -> Guess:
    """Raises InvalidInput: columns that nothing is recognised in."""
    there = {column.name.lower(): column for column in file.columns if column.filled}
    found = _by_name(there) or _by_content(list(there.values()))
    if found is None:
        names = ", ".join(column.name for column in file.columns)
        raise InvalidInput(
            f"{file.uri}: nothing says which columns to learn from; the file has {names}. Say it: --columns "
            f"anchor=COLUMN,positive=COLUMN for pairs of texts that belong together, text=COLUMN,label=COLUMN for texts with a "
            f"label, or sentence1=COLUMN,sentence2=COLUMN,score=COLUMN. Each kind needs all of its columns."
        )
    return found


def _by_name(there: dict[str, ColumnLook]) -> Guess | None:
    reason = "by their names"
    first, second = _first_of(_SCORED, there), _first([name for name in _SCORES if name in there and there[name].numeric])
    if first and second:
        return _guess(reason, sentence1=there[first[0]], sentence2=there[first[1]], score=there[second])
    if pair := _first_of(_PAIRS, there):
        mapped = {"anchor": there[pair[0]], "positive": there[pair[1]]}
        negative = _first([name for name in _NEGATIVES if name in there])
        return _guess(reason, **mapped, **({"negative": there[negative]} if negative else {}))
    text, label = (_first([name for name in names if name in there]) for names in (_TEXTS, _LABELS))
    return _guess(reason, text=there[text], label=there[label]) if text and label else None


def _by_content(columns: list[ColumnLook]) -> Guess | None:
    """Two or three columns whose kinds make one shape, and no other."""
    numbers = [column for column in columns if column.numeric]
    labels = [c for c in columns if not c.numeric and c.distinct > 1 and c.filled >= _FEWEST_ALIKE * c.distinct]
    texts = [c for c in columns if not c.numeric and c not in labels and c.words_p50 > 1]
    reason = "by what they hold"
    if len(texts) == 2 and len(numbers) == 1 and not labels:
        return _guess(reason, sentence1=texts[0], sentence2=texts[1], score=numbers[0])
    if len(texts) == 2:
        shorter, longer = sorted(texts, key=lambda column: (column.words_p50, column.name))
        return _guess(f"{reason}: the shorter texts ask", anchor=shorter, positive=longer)
    if len(texts) == 1 and len(labels) == 1:
        return _guess(reason, text=texts[0], label=labels[0])
    return None


def _guess(reason: str, **columns: ColumnLook) -> Guess:
    return Guess(Columns(**{role: column.name for role, column in columns.items()}), reason)


def _first_of(couples: Iterable[tuple[str, str]], there: dict[str, ColumnLook]) -> tuple[str, str] | None:
    return next((couple for couple in couples if couple[0] in there and couple[1] in there), None)


def _first(names: list[str]) -> str | None:
    return names[0] if names else None
