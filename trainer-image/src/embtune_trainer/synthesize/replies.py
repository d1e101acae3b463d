"""Queries in what a chat model replies."""

import re

_THOUGHTS = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)
_FENCE = re.compile(r"^\s*```.*$", re.MULTILINE)
_MARK = re.compile(r"^\s*(?:[-*•–]\s+|\(?\d{1,2}[.):]\s+|Q\d*[.:]\s+|query\s*\d*:\s*)*", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "«": "»", "`": "`"}


def queries_of(reply: str, most: int, cut_off: bool) -> list[str]:
    """One a line, without numbers, bullets, quotes and what introduces them.

    Args:
        cut_off: the reply ended before its end, so that its last line is half a query
    """
    text = _FENCE.sub("", _THOUGHTS.sub("", reply))
    lines = [line for line in text.splitlines() if line.strip()]
    if cut_off:
        lines = lines[:-1]
    return [query for query in map(_bare, lines) if query][:most]


def _bare(line: str) -> str:
    """Empty for a line that introduces others."""
    query = " ".join(_MARK.sub("", line).replace("**", "").split())
    if len(query) > 2 and _QUOTES.get(query[0]) == query[-1]:
        query = query[1:-1].strip()
    return "" if query.endswith(":") else query
