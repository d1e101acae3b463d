"""Events: what a person wants to read in `kubectl describe`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.digest import digest_of
from embtune_operator.kube.kinds import EVENT
from embtune_operator.kube.times import format_time

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_operator.cluster import Event
    from embtune_operator.kube.api import Object
    from embtune_operator.kube.kinds import Kind

REPORTER = "embtune"
_LONGEST_MESSAGE, _LONGEST_NAME = 1024, 220


def about(kind: Kind, metadata: Object) -> Object:
    """A reference to the object of that metadata."""
    names = {name: metadata[name] for name in ("name", "namespace", "uid")}
    return {"apiVersion": kind.api_version, "kind": kind.kind, **names}


def build_event(involved: Object, event: Event, now: datetime) -> Object:
    """Named by what it says, so that saying it twice makes one. `involved`: as `about` gives it."""
    digest = digest_of([involved["uid"], event.reason, event.message])[:16]
    at = format_time(now)
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {"name": f"{involved['name'][:_LONGEST_NAME]}.{digest}", "namespace": involved["namespace"]},
        "involvedObject": involved,
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
