"""Looks at an exam: how many candidates it has judged. The best of many is partly the luckiest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.documents.publish import PublishedEvaluation
from embtune_operator.registry.versions import version_numbers

if TYPE_CHECKING:
    from embtune_api.keys import LineKeys
    from embtune_operator.pipeline.readings import Readings
    from embtune_store.protocol import Store


def looks_at(store: Store, line: LineKeys, exam: str, candidate: str, readings: Readings) -> int:
    """Distinct candidates that the exam has judged, with this one, whether or not it was judged before.

    Every judged candidate is published, rejected ones too, so the line's versions are those that were judged.

    Args:
        exam: its digest.
        candidate: digest of the model.
    """
    keys = [line.version(number).evaluation for number in version_numbers(store, line)]
    found = (readings.document(store, key, PublishedEvaluation) for key in keys)
    return len({one.model_digest for one in found if one is not None and one.exam == exam} | {candidate})
