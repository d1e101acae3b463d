"""The wish that stands in a job's annotation, and whether it is new."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.wish import ANNOTATION

if TYPE_CHECKING:
    from embtune_api.resources import FineTuneJob

_LONGEST = 512
"""Of what is echoed in `status.lastRequest`."""


def new_wish(job: FineTuneJob) -> str | None:
    """The annotation's value, if nothing has been said about it yet."""
    value = job.metadata.annotations.get(ANNOTATION, "").strip()[:_LONGEST]
    last = job.status.last_request if job.status else None
    return value if value and (last is None or last.value != value) else None
