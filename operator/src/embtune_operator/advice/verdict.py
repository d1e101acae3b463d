"""Fine-tune, keep the base, or get more data? By counts; and by what the base scores, where it was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

from embtune_api.base import Document
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES

if TYPE_CHECKING:
    from embtune_api.reports import DataReport
    from embtune_operator.advice.forecast import Curve
    from embtune_operator.advice.measured import Measured
    from embtune_operator.advice.value import Value

_FEWEST_TRAINED_ON = 200
"""Rows; the smallest that the starting points of the presets are meant for"""
_LITTLE_LEFT = 0.03
"""Headroom that is not worth a model of one's own: its upkeep is more than its gain"""

Answer = Literal["try it: the gates decide", "fine-tune", "keep the base", "get more data"]


class Advice(Document):
    """What to do next, and why."""

    answer: Answer
    reasons: list[str]

    def __str__(self) -> str:
        told = "; ".join(self.reasons)
        return f"{self.answer}. {told[:1].upper()}{told[1:]}."


def advise(report: DataReport, base: Measured | None = None, value: Value | None = None, curve: Curve | None = None) -> Advice:
    """One answer, by the first rule that applies.

    Rules:
        - the exam has fewer than 50 queries or 20 groups (every gate would be inconclusive), or fewer than 200 rows are left to
          train on: get more data;
        - the base was not measured: try it;
        - less than 0.03 is left to win, or training would not pay for itself in 30 days, or a learning curve has shown that
          tuning makes it no better: keep the base;
        - what tuning is likely to win is less than the exam can tell: get more data;
        - else fine-tune.
    """
    if short := _too_few(report):
        return Advice(answer="get more data", reasons=[*short, *([_headroom(base)] if base else [])])
    if base is None:
        enough = (
            f"the exam has {report.exam_queries} queries in {report.exam_groups} groups, and {report.prepared.train} rows are "
            f"left to train on: enough for a verdict on whether the tuned model beats the base, which only a run can say"
        )
        return Advice(answer="try it: the gates decide", reasons=[enough])
    reasons = [_headroom(base), *_words(base), _exam(report, base), *_more(curve), *_worth(value)]
    return Advice(answer=_answer(base, value), reasons=reasons)


def _too_few(report: DataReport) -> list[str]:
    short = []
    if report.exam_queries < MIN_QUERIES:
        short.append(f"the exam has {report.exam_queries} queries, and a verdict needs {MIN_QUERIES}")
    if report.exam_groups < MIN_GROUPS:
        short.append(f"the exam has {report.exam_groups} groups, and a verdict needs {MIN_GROUPS}")
    if report.prepared.train < _FEWEST_TRAINED_ON:
        short.append(f"{report.prepared.train} rows are left to train on, and {_FEWEST_TRAINED_ON} are few")
    return short


def _answer(base: Measured, value: Value | None) -> Answer:
    useless = base.won is not None and base.won.upper <= 0
    if base.headroom < _LITTLE_LEFT or useless or (value is not None and not value.pays):
        return "keep the base"
    return "get more data" if base.likely < base.exam_tells else "fine-tune"


def _headroom(base: Measured) -> str:
    left = (
        f"the base has {base.metric} {base.score.value:.3f} (95 % bounds {base.score.lower:.3f} and {base.score.upper:.3f}), so "
        f"{base.headroom:.3f} is left to win"
    )
    if base.headroom < _LITTLE_LEFT:
        return f"{left}, less than the {_LITTLE_LEFT} that a model of one's own is worth"
    if base.won:
        won = base.won
        return (
            f"{left}; tuning on all rows won {won.value:+.3f} (95 % bounds {won.lower:+.3f} and {won.upper:+.3f}) on validation"
        )
    return f"{left}, of which tuning is assumed to win {base.closed:.0%}, {base.likely:.3f}"


def _words(base: Measured) -> list[str]:
    """Where BM25 is told apart from the base."""
    over = base.over_lexical
    if over is None or base.lexical is None or over.lower <= 0 <= over.upper:
        return []
    if over.upper < 0:
        return [f"BM25, which knows words alone, has {base.lexical.value:.3f}: the base does not know the words of this field"]
    return [f"BM25, which knows words alone, has {base.lexical.value:.3f}: the base understands more than words"]


def _exam(report: DataReport, base: Measured) -> str:
    size = f"{report.exam_queries} queries in {report.exam_groups} groups"
    tells = f"the exam of {size} tells differences of about {base.exam_tells:.3f} or more"
    if base.likely >= base.exam_tells or base.headroom < _LITTLE_LEFT or base.likely <= 0:
        return tells
    needed = math.ceil(report.exam_groups * (base.exam_tells / base.likely) ** 2)
    return f"{tells}, so that gain would most likely be inconclusive; about {needed} groups would tell it"


def _more(curve: Curve | None) -> list[str]:
    """What twice the data would bring."""
    if curve is None:
        return []
    more = curve.doubled
    told = (
        "more data helps"
        if more.lower > 0
        else "more data does not help"
        if more.upper <= 0
        else "whether more data helps is open"
    )
    return [f"twice the rows would bring about {more.value:+.3f} (95 % bounds {more.lower:+.3f} and {more.upper:+.3f}): {told}"]


def _worth(value: Value | None) -> list[str]:
    if value is None:
        return []
    return [f"in 30 days that is worth {value.worth:,.2f}, and training costs {value.cost:,.2f}"]
