"""Logs: one line for each thing that matters, as text for people or as JSON for machines."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from embtune_operator.service.queue import Key

Format = Literal["text", "json"]
_QUIET = {
    "kopf": logging.WARNING,
    "kopf._core.reactor.running": logging.CRITICAL,  # signals are `operator`'s business, and ends are told by `watching`
    "aiohttp.access": logging.WARNING,
}


def begin_logging(form: Format, level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(max(least, logging.getLevelName(level)))


class TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        key = _resource(record)
        about = f"{key} " if key else ""
        return f"{_time(record)} {record.levelname.lower()} {about}{record.getMessage()}{_traceback(self, record)}"


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        key = _resource(record)
        about = {"kind": key.kind, "namespace": key.namespace, "name": key.name} if key else {}
        line = {"time": _time(record), "level": record.levelname.lower(), "message": record.getMessage(), **about}
        if traceback := _traceback(self, record):
            line["traceback"] = traceback.strip()
        return json.dumps({**line, "logger": record.name}, ensure_ascii=False)


def _resource(record: logging.LogRecord) -> Key | None:
    return getattr(record, "resource", None)


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


def _traceback(formatter: logging.Formatter, record: logging.LogRecord) -> str:
    return f"\n{formatter.formatException(record.exc_info)}" if record.exc_info and record.exc_info[0] else ""
