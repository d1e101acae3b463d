"""What the columns of one file hold."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from embtune_api.look import MOST_VALUES, AskedFile, ColumnLook, FileLook
from embtune_trainer.prepare.findings import shorten
from embtune_trainer.prepare.records import first_fields, read_records

_WORDS_OF_A_SENTENCE = 4


def describe_file(asked: AskedFile, content: bytes) -> FileLook:
    """Every column, in the order of its name. One without a name is column1, column2, and so on.

    Raises:
        InvalidInput: the file cannot be read, or a row of it is broken (`file:row`).
    """
    header = asked.header or _made_up(first_fields(asked.uri, content), asked.mapped)
    records = read_records(asked.uri, content, header=header)
    values: dict[str, list[str]] = {}
    rows = 0
    for record in records.records:
        rows += 1
        for name, value in record.values.items():
            text = (
                value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
            )
            values.setdefault(name, []).append(text)
    columns = [_describe(name, values[name]) for name in sorted(values)]
    return FileLook(uri=asked.uri, rows=rows, columns=columns, header=header)


def _made_up(first: list[str], mapped: list[str]) -> list[str]:
    """Names for the columns of a file whose first line reads like data; none where it has names."""
    named = mapped and set(mapped) <= {field.strip() for field in first}
    return [] if named or not any(map(_reads_like_data, first)) else [f"column{number + 1}" for number in range(len(first))]


def _describe(name: str, texts: list[str]) -> ColumnLook:
    filled = [text for text in texts if text.strip()]
    counts = Counter(filled)
    words = sorted(len(text.split()) for text in filled)
    frequent = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MOST_VALUES]
    return ColumnLook(
        name=name,
        filled=len(filled),
        distinct=len(counts),
        numeric=bool(filled) and all(map(_is_number, counts)),
        words_p50=_quantile(words, 0.5),
        words_p95=_quantile(words, 0.95),
        words_max=_quantile(words, 1.0),
        characters_p95=_quantile(sorted(map(len, filled)), 0.95),
        values=[(shorten(value), rows) for value, rows in frequent],
        rarest=min(counts.values(), default=0),
    )


def _quantile(ordered: Sequence[int], share: float) -> int:
    """The smallest value that `share` of them do not exceed; 0 of none."""
    return ordered[max(0, -int(-share * len(ordered) // 1) - 1)] if ordered else 0


def _reads_like_data(name: str) -> bool:
    return _is_number(name) or len(name.split()) >= _WORDS_OF_A_SENTENCE


def _is_number(text: Any) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
