"""Settings: what the world around a job looks like, built once at start-up and handed down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from embtune_api.documents.publish import Owner


@dataclass(frozen=True)
class Settings:
    store: str
    """URI of the store, as the steps open it."""
    owner: Owner
    """In whose name lines are written."""
    folder: str | None = None
    """Where relative paths of the job start; None refuses local paths, as in a cluster."""
    max_attempts: int = 20
    """No step is launched more often than this, whatever the job allows."""
    poll_seconds: float = 5.0
    """Between two looks at a running step."""
    backoff_seconds: float = 10.0
    """Before the second attempt of a step; doubled for each further one, at most five minutes."""
    stall_seconds: float | None = None
    """A running step whose progress has not changed for this long, by our own clock, is ended and tried again; None: never."""
    start_grace_seconds: float = 600.0
    """A stall is not looked for until this long after a step's pods have started, or until a training does its steps: images
    are pulled, models are loaded."""
