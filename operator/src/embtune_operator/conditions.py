"""Conditions: how a status says what holds, since when, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.status import Condition

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from embtune_api.status import ConditionType

_LONGEST = 2048


def condition(kind: ConditionType, reason: str, message: str, now: datetime, *, true: bool = True) -> Condition:
    """`reason` is one word for programs, `message` is for people and is cut where it is too long."""
    text = message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"
    return Condition(type=kind, status="True" if true else "False", reason=reason, message=text, last_transition_time=now)


def find(conditions: Iterable[Condition], kind: ConditionType) -> Condition | None:
    return next((found for found in conditions if found.type == kind), None)


def with_their_times(conditions: Iterable[Condition], before: Sequence[Condition]) -> list[Condition]:
    """A condition that was there already, with that status, keeps the time at which it came."""
    known = {(c.type, c.status): c.last_transition_time for c in before}
    return [
        c.model_copy(update={"last_transition_time": known.get((c.type, c.status), c.last_transition_time)}) for c in conditions
    ]
