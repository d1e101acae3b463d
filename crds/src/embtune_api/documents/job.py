"""How a job ended."""

from __future__ import annotations

from embtune_api.base import Document
from embtune_api.status import FineTuneJobStatus


class JobResult(Document):
    """`result.json` of a job: written when nothing is left to do. A job that has one is finished for good."""

    status: FineTuneJobStatus
