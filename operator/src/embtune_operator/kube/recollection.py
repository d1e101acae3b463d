"""What one process remembers of children whose pods are gone. Losing it costs the right reason of a failure, nothing else."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from embtune_operator.cluster import ChildState
    from embtune_operator.kube.pod_faults import Fault

_MOST = 1000
"""Jobs, and children."""


@dataclass
class Recollection:
    _causes: dict[str, Fault] = field(default_factory=dict)
    """uid of a child that has not ended → what went wrong with it so far."""
    _failed: dict[str, dict[str, ChildState]] = field(default_factory=dict)
    """uid of a job → name of a child → how it failed."""

    def cause(self, child_uid: str) -> Fault | None:
        return self._causes.get(child_uid)

    def remember(self, child_uid: str, cause: Fault) -> None:
        self._causes[child_uid] = cause
        _bound(self._causes)

    def failed(self, job_uid: str) -> dict[str, ChildState]:
        return self._failed.get(job_uid, {})

    def has_failed(self, job_uid: str, child_uid: str, state: ChildState) -> None:
        self._causes.pop(child_uid, None)
        self._failed.setdefault(job_uid, {})[state.name] = state
        _bound(self._failed)

    def forget(self, job_uid: str, name: str) -> None:
        self._failed.get(job_uid, {}).pop(name, None)


def _bound(memory: dict[str, Any]) -> None:
    """The oldest go first."""
    while len(memory) > _MOST:
        del memory[next(iter(memory))]
