"""JSON lines as bytes: one object a line, split at `\\n` alone."""

import json
from collections.abc import Iterable
from typing import Any

# Legal inside JSON strings, but `str.splitlines` in somebody's reader would break a line at them.
_LINE_BREAKS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}


def to_line(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False).translate(_LINE_BREAKS)


def to_bytes(records: Iterable[dict[str, Any]]) -> bytes:
    return "".join(to_line(record) + "\n" for record in records).encode()


def from_bytes(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.split(b"\n") if line]
