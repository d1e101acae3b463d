"""Conditions of a job, a version or a line: made, found, and kept with the time at which they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.status import Condition

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from embtune_api.line import EmbeddingModelStatus
    from embtune_api.status import ConditionType, FineTuneJobStatus
    from embtune_api.version import ModelVersionResourceStatus

    Status = FineTuneJobStatus | ModelVersionResourceStatus | EmbeddingModelStatus

LONGEST = 2048
"""Characters of a message."""
_HEAD = 600


def condition(kind: ConditionType, reason: str, message: str, now: datetime, *, true: bool = True) -> Condition:
    status = "True" if true else "False"
    return Condition(type=kind, status=status, reason=reason, message=shortened(message), last_transition_time=now)


def reindex_required(production: int, differences: Iterable[str], now: datetime) -> Condition:
    """Embeddings of the new version are of another kind than those of the version in production."""
    message = f"{'; '.join(differences)}: an index or a client made for production v{production} does not fit"
    return condition("ReindexRequired", "ContractChanged", message, now)


def find(conditions: Iterable[Condition], kind: ConditionType) -> Condition | None:
    return next((found for found in conditions if found.type == kind), None)


def condition_of(status: FineTuneJobStatus | None, kind: ConditionType) -> Condition | None:
    return find(status.conditions, kind) if status else None


def shortened(text: str) -> str:
    """What fits: the beginning says what failed, the end holds the last lines of its log."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:_HEAD]} … {text[-(LONGEST - _HEAD - 3) :]}"


def with_their_times(conditions: Iterable[Condition], before: Status | None) -> list[Condition]:
    """A condition that was there already keeps the time at which it came; Retried tells of its newest attempt's end."""
    told = [c for c in before.conditions if c.type != "Retried"] if before else []
    known: dict[tuple[str, str], datetime] = {(c.type, c.status): c.last_transition_time for c in told}
    return [
        c.model_copy(update={"last_transition_time": known.get((c.type, c.status), c.last_transition_time)}) for c in conditions
    ]
