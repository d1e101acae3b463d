"""Charts as plain geometry, which `charts.svg.j2` draws: places are in the units of the picture, already rounded.

Pictures are as wide as a telephone, so that their letters can be read there; on a larger screen they stand side by side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 14, 12, 34
_LINE_HEIGHT = 220
_ROW = 58
"""Height of a row of whiskers: its name, its numbers, its line."""
Tone = Literal["candidate", "rival", "base", "good", "bad", "plain"]


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


class Frame(NamedTuple):
    """Where values are drawn; labels of the axes stand left of it and below."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def of(cls, left: int, height: int) -> Frame:
        """In a picture so high, with so much room for labels at its left."""
        return cls(left, _TOP, WIDTH - _RIGHT, height - _BOTTOM)

    def across(self, low: float, high: float) -> _Scale:
        """From values to places, low ones at the left."""
        return _Scale(low, high, self.left, self.right)

    def up(self, low: float, high: float) -> _Scale:
        """From values to places, low ones at the bottom."""
        return _Scale(low, high, self.bottom, self.top)


@dataclass(frozen=True)
class Line:
    name: str
    tone: Tone
    points: str
    """`x,y x,y …`"""


@dataclass(frozen=True)
class LineChart:
    """Values over steps."""

    title: str
    told: str
    """What it shows, for those who do not see it."""
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    x_name: str
    lines: tuple[Line, ...]
    frame: Frame
    height: int = _LINE_HEIGHT
    width: int = WIDTH
    kind: Literal["line"] = "line"


@dataclass(frozen=True)
class Whisker:
    """One value with its bounds."""

    name: str
    label: str
    tone: Tone
    y: float
    lower: float
    at: float
    upper: float


@dataclass(frozen=True)
class WhiskerChart:
    """Values with bounds, one below the other, and perhaps a line that they are held against."""

    title: str
    told: str
    x: tuple[Tick, ...]
    rows: tuple[Whisker, ...]
    frame: Frame
    height: int
    mark: Tick | None = None
    width: int = WIDTH
    kind: Literal["whiskers"] = "whiskers"


@dataclass(frozen=True)
class Part:
    name: str
    tone: Tone
    at: float
    width: float
    label: str


@dataclass(frozen=True)
class ShareChart:
    """How something is divided: one bar."""

    title: str
    told: str
    parts: tuple[Part, ...]
    height: int = 56
    width: int = WIDTH
    kind: Literal["shares"] = "shares"


Chart = LineChart | WhiskerChart | ShareChart


@dataclass(frozen=True)
class Measure:
    """What a whisker is made of."""

    name: str
    lower: float
    value: float
    upper: float
    tone: Tone


def line_chart(
    title: str, told: str, curves: Sequence[tuple[str, Tone, Sequence[tuple[float, float]]]], x_name: str = "step"
) -> LineChart:
    """
    Args:
        curves: name, tone, and points of (x, y); at least one point in all.
    """
    every = [point for _, _, points in curves for point in points]
    x_ticks = nice_ticks(min(x for x, _ in every), max(x for x, _ in every), 4)
    y_ticks = nice_ticks(min(0.0, *(y for _, y in every)), max(y for _, y in every), 4)
    frame = Frame.of(_LEFT, _LINE_HEIGHT)
    across = frame.across(min(x for x, _ in every), max(x for x, _ in every))
    up = frame.up(y_ticks[0], y_ticks[-1])
    lines = tuple(
        Line(name, tone, " ".join(f"{across(x):.1f},{up(y):.1f}" for x, y in points)) for name, tone, points in curves if points
    )
    shown = [tick for tick in x_ticks if frame.left <= across(tick) <= frame.right]
    return LineChart(title, told, _ticks(shown, across), _ticks(y_ticks, up), x_name, lines, frame)


def whisker_chart(title: str, told: str, measures: Sequence[Measure], mark: float | None = None, sign: str = "") -> WhiskerChart:
    """
    Args:
        mark: a value to hold the others against, such as 0.
        sign: `+` for differences.
    """
    ends = [end for made in measures for end in (made.lower, made.value, made.upper)] + ([mark] if mark is not None else [])
    room = (max(ends) - min(ends) or 0.1) * 0.08
    low, high = min(ends) - room, max(ends) + room
    height = _TOP + _ROW * len(measures) + _BOTTOM
    frame = Frame.of(_RIGHT, height)
    across = frame.across(low, high)
    rows = tuple(
        Whisker(
            name=made.name,
            label=f"{made.value:{sign}.3f} ({made.lower:{sign}.3f} to {made.upper:{sign}.3f})",
            tone=made.tone,
            y=_TOP + _ROW * number + 43,
            lower=round(across(made.lower), 1),
            at=round(across(made.value), 1),
            upper=round(across(made.upper), 1),
        )
        for number, made in enumerate(measures)
    )
    ticks = _ticks([tick for tick in nice_ticks(low, high, 4) if low <= tick <= high], across)
    held_against = Tick(round(across(mark), 1), f"{mark:g}") if mark is not None else None
    return WhiskerChart(title, told, ticks, rows, frame, height, held_against)


def share_chart(title: str, told: str, parts: Sequence[tuple[str, Tone, int]]) -> ShareChart:
    """
    Args:
        parts: name, tone, and count, from left to right.
    """
    total = sum(count for _, _, count in parts) or 1
    drawn, at = [], 0.0
    for name, tone, count in parts:
        width = WIDTH * count / total
        drawn.append(Part(name, tone, round(at, 1), round(width, 1), f"{count:,}" if width > 40 else ""))
        at += width
    return ShareChart(title, told, tuple(drawn))


def nice_ticks(low: float, high: float, about: int) -> list[float]:
    """Round numbers from one at or below `low` to one at or above `high`, some `about` of them."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / about
    unit = 10 ** math.floor(math.log10(rough))
    step = next(unit * factor for factor in (1, 2, 2.5, 5, 10) if unit * factor >= rough * 0.999)
    first = math.floor(low / step + 1e-9)
    last = math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


class _Scale:
    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._span, self._start, self._reach = low, (high - low) or 1.0, start, end - start

    def __call__(self, value: float) -> float:
        return self._start + self._reach * (value - self._low) / self._span


def _ticks(values: Sequence[float], scale: _Scale) -> tuple[Tick, ...]:
    return tuple(Tick(round(scale(value), 1), f"{value:g}") for value in values)
