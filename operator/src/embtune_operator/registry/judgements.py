"""What was said about a version: by the job that published it, and whenever it was judged again since."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.documents.publish import PublishedEvaluation, Rejudgement
from embtune_store import documents

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.keys import VersionKeys
    from embtune_store.protocol import Store


@dataclass(frozen=True)
class LastJudgement:
    evaluation: PublishedEvaluation
    again: int = 0
    """How often the version was judged again after it had been published."""
    at: datetime | None = None
    """When it was judged again last; None: the evaluation is the one that it was published with."""


def last_judgement(store: Store, keys: VersionKeys) -> LastJudgement | None:
    """None where the version has lost its `evaluation.json`, or never had one."""
    published = documents.read(store, keys.evaluation, PublishedEvaluation)
    if published is None:
        return None
    last = LastJudgement(published)
    while later := documents.read(store, keys.verdict(last.again + 1), Rejudgement):
        last = LastJudgement(later.evaluation, last.again + 1, later.at)
    return last
