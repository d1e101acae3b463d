"""A finding: what was looked at, how it is, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "warning", "error"]


@dataclass(frozen=True)
class Finding:
    level: Level
    about: str
    """A word or two: CRDs, operator, store …"""
    what: str
    """One sentence."""
    remedy: str = ""
    """What to do; empty when all is well."""


def ok(about: str, what: str) -> Finding:
    return Finding("ok", about, what)


def warning(about: str, what: str, remedy: str) -> Finding:
    return Finding("warning", about, what, remedy)


def error(about: str, what: str, remedy: str) -> Finding:
    return Finding("error", about, what, remedy)
