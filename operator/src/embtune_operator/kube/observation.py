"""Looking at a job's children: as few reads as their states allow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from embtune_operator.kube import labels
from embtune_operator.kube.children import ChildLook
from embtune_operator.kube.kinds import EVENT, JOB, POD, PYTORCHJOB
from embtune_operator.kube.pod_look import PodLook
from embtune_operator.kube.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable

    from embtune_api.resources import FineTuneJob
    from embtune_operator.kube.api import KubeApi, Object
    from embtune_operator.kube.kinds import Kind

_UNEVENTFUL = timedelta(seconds=20)
"""A child that has waited no longer has nothing to tell."""
_STILL_TRUE = timedelta(seconds=150)
"""Kubelets repeat a warning at least every two minutes while it holds."""
_MOST_ASKED = 3
"""Objects whose events are read in one look."""


@dataclass(frozen=True)
class Observation:
    api: KubeApi
    job: FineTuneJob

    async def children(self) -> list[ChildLook]:
        """The children themselves, whichever launcher made them, without what their pods say."""
        kinds = [JOB, *([PYTORCHJOB] if await self.api.serves(PYTORCHJOB) else [])]
        return [ChildLook(kind, body) for kind in kinds for body in await self._ours(kind)]

    async def with_pods(self, children: Iterable[ChildLook]) -> list[ChildLook]:
        pods = await self.api.list(POD, self.job.metadata.namespace, labels=labels.children_of(self.job.metadata.uid))
        return [replace(c, pods=tuple(PodLook(pod) for pod in pods if labels.controlled_by(pod, c.uid))) for c in children]

    async def with_warnings(self, child: ChildLook, now: datetime) -> ChildLook:
        """With what events say of the child, or of its pods, where their status is silent: a quota that allows no pod, a
        Secret that cannot be mounted.
        """
        warnings = {uid: await self._newest_warning(uid, now) for uid in _silent(child, now)[:_MOST_ASKED]}
        return replace(child, warnings={uid: text for uid, text in warnings.items() if text})

    async def _ours(self, kind: Kind) -> list[Object]:
        metadata = self.job.metadata
        found = await self.api.list(kind, metadata.namespace, labels=labels.children_of(metadata.uid))
        return [body for body in found if labels.controlled_by(body, metadata.uid)]

    async def _newest_warning(self, uid: str, now: datetime) -> str:
        fields = f"involvedObject.uid={uid},type=Warning"
        events = await self.api.list(EVENT, self.job.metadata.namespace, fields=fields)
        current = [event for event in events if now - _last_seen(event) < _STILL_TRUE]
        newest = max(current, key=_last_seen, default={})
        return str(newest.get("message") or newest.get("reason") or "")


def _silent(child: ChildLook, now: datetime) -> list[str]:
    """uids of what has been waiting for a while for no reason that its status gives."""
    if child.suspended or child.failed or child.succeeded:
        return []
    if not child.pods:
        created = parse_time(child.body["metadata"]["creationTimestamp"])
        return [child.uid] if created and now - created > _UNEVENTFUL else []
    return [pod.uid for pod in child.pods if pod.scheduled_at and not pod.mounted and now - pod.scheduled_at > _UNEVENTFUL]


def _last_seen(event: Object) -> datetime:
    series = event.get("series") or {}
    times = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return parse_time(next((time for time in times if time), None)) or datetime.min.replace(tzinfo=UTC)
