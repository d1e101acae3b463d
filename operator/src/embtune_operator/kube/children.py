"""Jobs, PyTorchJobs and their pods, as the pipeline sees them: `ChildState`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from pydantic import TypeAdapter

from embtune_api.requests import AnyRequest
from embtune_operator.cluster import ChildState
from embtune_operator.kube import labels
from embtune_operator.kube.kinds import PYTORCHJOB
from embtune_operator.kube.pod_faults import Fault, fault_of, the_cause
from embtune_operator.kube.times import parse_time
from embtune_operator.pipeline.conditions import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from embtune_api.status import StepName
    from embtune_operator.kube.api import Object
    from embtune_operator.kube.kinds import Kind
    from embtune_operator.kube.pod_look import PodLook

_SUCCEEDED = frozenset({"Complete", "Succeeded"})
_FAILED = frozenset({"Failed", "FailureTarget"})
_REQUESTS: TypeAdapter[AnyRequest] = TypeAdapter(AnyRequest)


@dataclass(frozen=True)
class ChildLook:
    """A Job or PyTorchJob, with its pods where it has not ended well."""

    kind: Kind
    body: Object
    pods: tuple[PodLook, ...] = ()
    warnings: Mapping[str, str] = field(default_factory=dict)
    """uid of a pod, or of the child itself → what hinders it now, by its newest event."""
    remembered: Fault | None = None
    """What was seen of it before; pods that were deleted have taken theirs with them."""

    @property
    def name(self) -> str:
        return str(self.body["metadata"]["name"])

    @property
    def uid(self) -> str:
        return str(self.body["metadata"]["uid"])

    @property
    def step(self) -> StepName:
        return cast("StepName", self.body["metadata"]["labels"][labels.STEP])

    @property
    def request(self) -> AnyRequest:
        """What its pods are asked to do."""
        return _REQUESTS.validate_json(self._template["metadata"]["annotations"][labels.REQUEST])

    @property
    def succeeded(self) -> bool:
        return bool(self._conditions.keys() & _SUCCEEDED)

    @property
    def failed(self) -> bool:
        """Its controller has given it up; its pods may not have ended yet."""
        return bool(self._conditions.keys() & _FAILED)

    @property
    def suspended(self) -> bool:
        spec = self.body["spec"]
        return bool(spec["runPolicy"].get("suspend") if self.kind is PYTORCHJOB else spec.get("suspend"))

    @property
    def nodes(self) -> int:
        spec = self.body["spec"]
        return int(spec["pytorchReplicaSpecs"]["Worker"]["replicas"] if self.kind is PYTORCHJOB else spec["parallelism"])

    @property
    def status(self) -> Object:
        status: Object = self.body.get("status") or {}
        return status

    @property
    def ended_at(self) -> datetime | None:
        """As its controller says."""
        conditions = self._conditions
        last = next((conditions[name] for name in ("Failed", *_SUCCEEDED, "FailureTarget") if name in conditions), {})
        return parse_time(self.status.get("completionTime")) or parse_time(last.get("lastTransitionTime"))

    @property
    def why_failed(self) -> str:
        """As its controller says."""
        conditions = self._conditions
        last = conditions.get("Failed") or conditions.get("FailureTarget") or {}
        return str(last.get("message") or last.get("reason") or "no reason given")

    @property
    def _template(self) -> Object:
        spec = self.body["spec"]
        template: Object = (spec["pytorchReplicaSpecs"]["Worker"] if self.kind is PYTORCHJOB else spec)["template"]
        return template

    @property
    def _conditions(self) -> dict[str, dict[str, Any]]:
        """Those that hold: a PyTorchJob keeps the others too."""
        return {c["type"]: c for c in self.status.get("conditions") or () if c["status"] == "True"}


def cause_of(child: ChildLook, now: datetime, patience: timedelta) -> Fault | None:
    """What went wrong with it so far; None: nothing, or its pods were deleted because it was suspended."""
    if child.succeeded or child.suspended:
        return None
    seen = (fault_of(pod, child.step, now, patience, child.warnings.get(pod.uid, "")) for pod in child.pods)
    return the_cause(fault for fault in (*seen, child.remembered) if fault)


def state_of(child: ChildLook, cause: Fault | None, now: datetime) -> ChildState:
    """
    - succeeded or failed when its controller says so; failed only when no pod of it runs any more, since the next attempt would
      meet it: in memory, on the GPU, at the checkpoints
    - failed too when a pod can neither start nor end
    - queued until the first pod has started
    """
    if child.succeeded:
        return _state(child, "Succeeded", finished_at=child.ended_at)
    if cause and cause.stuck:
        return _failed(child, cause, cause.at)
    if child.failed and all(pod.ended or pod.is_overdue(now) for pod in child.pods):
        ended_at = child.ended_at or now
        return _failed(child, cause or _unknown_cause(child, ended_at), ended_at)
    if any(pod.started_at for pod in child.pods):
        return _state(child, "Running", message=cause.message if cause and child.failed else _what_it_waits_for(child))
    return _state(child, "Queued", message=_what_it_waits_for(child))


def _failed(child: ChildLook, cause: Fault, at: datetime) -> ChildState:
    ended = _state(child, "Failed", message=cause.message, finished_at=at)
    return replace(ended, reason=cause.reason, exit_code=cause.exit_code)


def _unknown_cause(child: ChildLook, at: datetime) -> Fault:
    if child.pods:
        return Fault("Error", f"{child.step} failed: {child.why_failed}", at)
    return Fault("Deleted", f"{child.step} lost its pods: they were deleted, or their node was ({child.why_failed})", at)


def _state(child: ChildLook, state: Any, *, message: str = "", finished_at: datetime | None = None) -> ChildState:
    metadata = child.body["metadata"]
    return ChildState(
        name=child.name,
        step=child.step,
        digest=metadata["annotations"][labels.DIGEST],
        attempt=int(metadata["labels"][labels.ATTEMPT]),
        state=state,
        message=shortened(message),
        started_at=_started_at(child),
        finished_at=finished_at,
    )


def _started_at(child: ChildLook) -> datetime | None:
    """When the last of its pods started; when its controller did, where there are no pods to ask."""
    if child.succeeded or (child.failed and not child.pods):
        return parse_time(child.status.get("startTime"))
    started = [pod.started_at for pod in child.pods if pod.started_at]
    return max(started) if len(started) >= child.nodes else None


def _what_it_waits_for(child: ChildLook) -> str:
    """Empty: for nothing."""
    if child.suspended:
        queue = child.body["metadata"]["labels"].get(f"{labels.QUEUE_PREFIX}queue-name")
        return f"it waits for quota in queue {queue}" if queue else "it is suspended, and waits for whoever resumes it"
    waiting = [pod for pod in child.pods if not pod.started_at and not pod.ended]
    if not child.pods:
        return child.warnings.get(child.uid) or "it waits for its pods"
    if not waiting:
        return ""
    some = f"{len(waiting)} of {child.nodes} pods wait: " if child.nodes > 1 else ""
    return some + _what_a_pod_waits_for(waiting[0], child.warnings.get(waiting[0].uid, ""))


def _what_a_pod_waits_for(pod: PodLook, warning: str) -> str:
    scheduled = pod.condition("PodScheduled")
    if scheduled.get("status") == "False":
        return f"no node for pod {pod.name}: {scheduled.get('message') or scheduled.get('reason')}"
    said = warning or pod.waiting.get("message") or pod.waiting.get("reason") or pod.status.get("phase", "Pending")
    return f"pod {pod.name}{f' on node {pod.node}' if pod.node else ''}: {said}"
