"""Wishes: the imperative requests that stand in the annotation `embtune.dev/request`.

`ACTION[/ID][: REASON]`, for example `promote`, `rollback/2: v3 is slow`. A value is handled once and echoed in
`status.lastRequest`; another ID makes the same wish again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast, get_args

ANNOTATION = "embtune.dev/request"
Action = Literal["promote", "force-promote", "rollback", "suspend", "resume"]
LONGEST_REASON = 400
"""Characters."""
_FORM = re.compile(
    rf"(?P<action>[a-z-]+)(?:/(?P<id>[A-Za-z0-9_.-]{{1,63}}))?(?:: *(?P<reason>.{{1,{LONGEST_REASON}}}))?", re.DOTALL
)


@dataclass(frozen=True)
class Wish:
    action: Action
    id: str = ""
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.action}{'/' + self.id if self.id else ''}{': ' + self.reason if self.reason else ''}"


def parse_wish(value: str, *, known: tuple[Action, ...] = get_args(Action)) -> Wish:
    """The wish of an annotation.

    Args:
        known: the actions that the annotated kind of resource understands.

    Raises:
        ValueError: it is none; says what is understood.
    """
    match = _FORM.fullmatch(value.strip())
    if match is None or match["action"] not in known:
        raise ValueError(
            f"{value[:80]!r} is no request that is understood here: write {' or '.join(known)}, with an optional /ID and : REASON"
        )
    return Wish(cast("Action", match["action"]), match["id"] or "", (match["reason"] or "").strip())
