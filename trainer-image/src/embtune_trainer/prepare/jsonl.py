"""JSON lines as bytes: one object a line, split at `\\n` alone."""

import io
import json
from collections.abc import Iterable
from typing import Any

# Legal inside JSON strings, but `str.splitlines` in somebody's reader would break a line at them.
_ENCODE = json.JSONEncoder(ensure_ascii=False).encode
_LINE_BREAKS = {code: f"\\u{code:04x}" for code in (0x85, 0x2028, 0x2029)}


def to_line(record: dict[str, Any]) -> str:
    line = _ENCODE(record)
    return line if line.isascii() else line.translate(_LINE_BREAKS)


def to_bytes(records: Iterable[dict[str, Any]]) -> bytes:
    written = io.BytesIO()  # beside the bytes themselves no more than a line is in memory
    written.writelines(f"{to_line(record)}\n".encode() for record in records)
    return written.getvalue()


def from_bytes(data: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in data.split(b"\n") if line]
