"""One pod, as the pieces of its status that say something about a step."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from embtune_operator.kube.pods import CONTAINER
from embtune_operator.kube.pytorch_job import CONTAINER as PYTORCH_CONTAINER
from embtune_operator.kube.times import parse_time

if TYPE_CHECKING:
    from embtune_operator.kube.api import Object

_OWN = frozenset({CONTAINER, PYTORCH_CONTAINER})
_ENDED = frozenset({"Succeeded", "Failed"})
_NO_CLAIM = re.compile(r'persistentvolumeclaim "[^"]+" (not found|is being deleted)')
_LATE = timedelta(seconds=60)
"""After the grace of a deleted pod is over: a kubelet that has not ended it by then does not answer any more."""


@dataclass(frozen=True)
class PodLook:
    pod: Object

    @property
    def name(self) -> str:
        return str(self.pod["metadata"]["name"])

    @property
    def uid(self) -> str:
        return str(self.pod["metadata"]["uid"])

    @property
    def status(self) -> Object:
        status: Object = self.pod.get("status") or {}
        return status

    @property
    def node(self) -> str:
        return str(self.pod["spec"].get("nodeName") or "")

    @property
    def ended(self) -> bool:
        return self.status.get("phase") in _ENDED

    @property
    def created_at(self) -> datetime:
        created = parse_time(self.pod["metadata"]["creationTimestamp"])
        assert created
        return created

    @property
    def scheduled_at(self) -> datetime | None:
        found = self.condition("PodScheduled")
        return parse_time(found.get("lastTransitionTime")) if found.get("status") == "True" else None

    @property
    def missing_claim(self) -> str:
        """What its scheduler says of a volume claim that is not there; empty: nothing. One that waits for its volume is there."""
        said = str(self.condition("PodScheduled").get("message") or "")
        return said if _NO_CLAIM.search(said) else ""

    @property
    def mounted(self) -> bool:
        """Its volumes are there; only its image may still be missing."""
        return self.condition("PodReadyToStartContainers").get("status") == "True" or self.started_at is not None

    @property
    def started_at(self) -> datetime | None:
        """When its container started; None: it has not."""
        state = self._container.get("state") or {}
        return parse_time((state.get("running") or state.get("terminated") or {}).get("startedAt"))

    @property
    def terminated(self) -> Object | None:
        """How its container ended."""
        end: Object | None = (self._container.get("state") or {}).get("terminated")
        return end

    @property
    def waiting(self) -> Object:
        """What its container waits for: reason and message."""
        waiting: Object = (self._container.get("state") or {}).get("waiting") or {}
        return waiting

    @property
    def image(self) -> str:
        return str(self._spec.get("image"))

    @property
    def memory_limit(self) -> str:
        """Of the step's container; empty: none."""
        return str(self._spec.get("resources", {}).get("limits", {}).get("memory", ""))

    @property
    def deleted_at(self) -> datetime | None:
        """When somebody asked for its end; None: nobody has."""
        over = self._over_at
        grace = self.pod["metadata"].get("deletionGracePeriodSeconds") or 0
        return over - timedelta(seconds=grace) if over else None

    def is_overdue(self, now: datetime) -> bool:
        """It should have ended long ago, and its node does not say that it has."""
        return not self.ended and self._over_at is not None and now > self._over_at + _LATE

    def condition(self, kind: str) -> dict[str, Any]:
        return next((c for c in self.status.get("conditions") or () if c["type"] == kind), {})

    @property
    def disruption(self) -> Object | None:
        """Why the cluster itself ends or has ended it."""
        found = self.condition("DisruptionTarget")
        return found if found.get("status") == "True" else None

    @property
    def _over_at(self) -> datetime | None:
        """When the grace of a deleted pod is over."""
        return parse_time(self.pod["metadata"].get("deletionTimestamp"))

    @property
    def _spec(self) -> Object:
        """Of the step's own container: service meshes add others."""
        return next((spec for spec in self.pod["spec"]["containers"] if spec["name"] in _OWN), {})

    @property
    def _container(self) -> Object:
        """How the step's own container is."""
        return next((status for status in self.status.get("containerStatuses") or () if status["name"] in _OWN), {})
