"""Events: what a person wants to read in `kubectl describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.digest import digest_of
from embtune_operator.kube.kinds import EVENT
from embtune_operator.kube.times import format_time

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.resources import FineTuneJob
    from embtune_operator.cluster import Event
    from embtune_operator.kube.api import Object

REPORTER = "embtune"
_LONGEST_MESSAGE, _LONGEST_NAME = 1024, 220


def build_event(job: FineTuneJob, event: Event, now: datetime) -> Object:
    """Named by what it says, so that saying it twice makes one."""
    metadata, at = job.metadata, format_time(now)
    digest = digest_of([metadata.uid, event.reason, event.message])[:16]
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"name": f"{metadata.name[:_LONGEST_NAME]}.{digest}", "namespace": metadata.namespace},
        "involvedObject": {
            "apiVersion": job.api_version,
            "kind": job.kind,
            "name": metadata.name,
            "namespace": metadata.namespace,
            "uid": metadata.uid,
        },
        "type": "Warning" if event.failure else "Normal",
        "reason": event.reason,
        "message": event.message[:_LONGEST_MESSAGE],
        "source": {"component": REPORTER},
        "reportingComponent": REPORTER,
        "reportingInstance": REPORTER,
        "firstTimestamp": at,
        "lastTimestamp": at,
        "count": 1,
    }
