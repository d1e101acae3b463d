"""What a process remembers between two passes. Losing it costs time and reads, never correctness."""

from __future__ import annotations

from dataclasses import dataclass, field

from embtune_operator.pipeline.readings import Readings
from embtune_operator.pipeline.stalls import Stalls


@dataclass(frozen=True)
class Memory:
    """One for each process and store; handed to every `reconcile`."""

    stalls: Stalls = field(default_factory=Stalls)
    readings: Readings = field(default_factory=Readings)

    def forget(self, job_uid: str) -> None:
        """The job is gone."""
        self.stalls.forget(job_uid)
