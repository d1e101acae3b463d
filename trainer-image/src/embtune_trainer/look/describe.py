"""What the columns of one file hold."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from embtune_api.look import MOST_VALUES, ColumnLook, FileLook
from embtune_trainer.prepare.findings import shorten
from embtune_trainer.prepare.records import read_records

_WORDS_OF_A_SENTENCE = 4


def describe_file(uri: str, content: bytes) -> FileLook:
    """Every column, in the order of its name.

    Raises:
        InvalidInput: the file cannot be read, or a row of it is broken (`file:row`).
    """
    records = read_records(uri, content)
    values: dict[str, list[str]] = {}
    rows = 0
    for record in records.records:
        rows += 1
        for name, value in record.values.items():
            text = (
                value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False, default=str)
            )
            values.setdefault(name, []).append(text)
    delimited = any(ending in uri.lower() for ending in (".csv", ".tsv"))
    columns = [_describe(name, values[name]) for name in sorted(values)]
    return FileLook(uri=uri, rows=rows, columns=columns, headless=delimited and any(map(_reads_like_data, records.columns)))


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
