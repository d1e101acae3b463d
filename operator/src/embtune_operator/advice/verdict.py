"""Is there enough data to find out whether fine-tuning pays? By counts alone: no model is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from embtune_api.base import Document
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES

if TYPE_CHECKING:
    from embtune_api.reports import DataReport

_FEWEST_TRAINED_ON = 200
"""Rows; the smallest that the starting points of the presets are meant for"""


class Advice(Document):
    """What to do next, and why."""

    answer: Literal["try it: the gates decide", "not enough data to tell"]
    reasons: list[str]


def advise(report: DataReport) -> Advice:
    """Not enough data where a verdict could only be inconclusive, or where there is too little to learn from.

    Rules:
        - the exam has fewer than 50 queries or 20 groups: every gate would be inconclusive;
        - fewer than 200 rows are left to train on.
    """
    short = []
    if report.exam_queries < MIN_QUERIES:
        short.append(f"the exam has {report.exam_queries} queries, and a verdict needs {MIN_QUERIES}")
    if report.exam_groups < MIN_GROUPS:
        short.append(f"the exam has {report.exam_groups} groups, and a verdict needs {MIN_GROUPS}")
    if report.prepared.train < _FEWEST_TRAINED_ON:
        short.append(f"{report.prepared.train} rows are left to train on, and {_FEWEST_TRAINED_ON} are few")
    if short:
        return Advice(answer="not enough data to tell", reasons=short)
    enough = (
        f"the exam has {report.exam_queries} queries in {report.exam_groups} groups, and {report.prepared.train} rows are left "
        f"to train on: enough for a verdict on whether the tuned model beats the base, which only a run can say"
    )
    return Advice(answer="try it: the gates decide", reasons=[enough])
