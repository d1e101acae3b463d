"""What is in production, and how it came to be."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from embtune_api.base import Document
from embtune_api.documents.publish import VersionRef


class Transition(Document):
    """One change of what is, or may come, into production."""

    kind: Literal["Promote", "Rollback", "Delete"]
    """Delete: `to_version` leaves the store; what is in production stays."""
    from_version: int | None
    to_version: int
    reason: str
    job_uid: str | None = None
    """The job that asked for it; None: a person."""
    request: str | None = None
    """Identity of the request that asked for it: a request is carried out once, however often it is read."""
    at: datetime


class Release(Document):
    """`release.json`: the only mutable object of a line. One compare-and-swap of it is the commit.

    `history/<seq>.json` is a copy of it, completed before seq + 1 starts.
    """

    seq: int
    production: VersionRef | None = None
    previous: VersionRef | None = None
    canary: VersionRef | None = None
    transition: Transition
