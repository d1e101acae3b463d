"""Why a pod ended badly, or never will start: one `Fault`, from whatever its status says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from embtune_api.errors import Exit
from embtune_operator.kube.times import parse_time

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from embtune_api.status import FailureReason, StepName
    from embtune_operator.kube.pod_look import PodLook

_KILLED = 137
_NO_MEMORY = "ran out of memory"
"""How the trainer says that a process of its own was killed, or that the GPU was full."""
_LAST_LINES = 12
_OWN_WORDS = frozenset({Exit.FAILED, Exit.INVALID, Exit.STOPPED})
"""With these exit codes the termination message is a paragraph of the trainer, if it is not the end of the log."""
_DISRUPTIONS: dict[str, FailureReason] = {"DeletionByTaintManager": "NodeLost", "DeletionByPodGC": "NodeLost"}
_POD_REASONS: dict[str, FailureReason] = {
    "NodeLost": "NodeLost",
    "NodeShutdown": "NodeLost",
    "Shutdown": "NodeLost",
    "Terminated": "NodeLost",
    "Evicted": "Evicted",
    "Preempting": "Evicted",
    "NodeAffinity": "Evicted",
    "UnexpectedAdmissionError": "Evicted",
    "OutOfcpu": "Evicted",
    "OutOfmemory": "Evicted",
    "OutOfpods": "Evicted",
}
"""What a kubelet says in `status.reason` when it ends a pod, or does not take one that was meant for it."""
_NO_IMAGE = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed"}
)
_NO_IMAGE_EVER = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_NO_START = frozenset({"CreateContainerConfigError", "CreateContainerError", "RunContainerError"})
_BY_ITSELF = timedelta(seconds=5)
"""Clocks of nodes differ by less. A step that failed this soon after a pod was deleted failed by itself: controllers delete
the other pods of a failed step."""


@dataclass(frozen=True)
class Fault:
    reason: FailureReason
    message: str
    """One paragraph."""
    at: datetime
    exit_code: int | None = None
    stuck: bool = False
    """The pod has not ended and will not by itself."""


def fault_of(pod: PodLook, step: StepName, now: datetime, patience: timedelta, warning: str = "") -> Fault | None:
    """
    Args:
        patience: how long a pod may be unable to start.
        warning: what its node says about it now.

    Returns:
        None while it may still end well.
    """
    if pod.ended or (pod.terminated and pod.terminated["exitCode"]):
        return _ended(pod, step, now) if _ended_badly(pod) else None
    if pod.is_overdue(now):
        text = f"node {pod.node} does not answer: it has not ended pod {pod.name}, which was deleted"
        return Fault("NodeLost", text, now, stuck=True)
    if pod.deleted_at:
        return _leaving(pod, pod.deleted_at)
    return _unable_to_start(pod, step, now, patience, warning)


def the_cause(faults: Iterable[Fault]) -> Fault | None:
    """The fault that speaks for a step of several pods: the others fail, or are ended, in its wake.

    What a pod can only have done by itself comes first, then what was done to one, then the earliest.
    """
    return min(faults, key=_order, default=None)


def _order(fault: Fault) -> tuple[int, datetime]:
    match fault.reason:
        case "InvalidInput" | "OutOfMemory" | "ImagePull":
            return 0, fault.at
        case "Evicted" | "NodeLost":
            return 1, fault.at
        case "Error":
            return 2, fault.at - _BY_ITSELF
        case "Stopped":
            return 3, fault.at
        case _:
            return 2, fault.at


def _ended_badly(pod: PodLook) -> bool:
    return pod.status.get("phase") == "Failed" or bool(pod.terminated and pod.terminated["exitCode"])


def _ended(pod: PodLook, step: StepName, now: datetime) -> Fault:
    end = pod.terminated or {}
    code, at = end.get("exitCode"), _finished_at(end, now)
    if code == Exit.INVALID:
        return Fault("InvalidInput", _said(pod, step), at, code)
    if reason := _done_to_it(pod):
        return Fault(reason, _done_to_it_message(pod, step), at, code)
    if _out_of_memory(pod):
        return Fault("OutOfMemory", _memory_message(pod, step), at, code)
    if code == Exit.STOPPED:
        return Fault("Stopped", f"{step} was told to stop, and saved what it had", at, code)
    if pod.deleted_at:
        return Fault("Deleted", f"{step} was ended: somebody deleted its pod {pod.name}", pod.deleted_at, code)
    return Fault("Error", _said(pod, step), at, code)


def _finished_at(end: dict[str, str], now: datetime) -> datetime:

    return parse_time(end.get("finishedAt")) or now


def _done_to_it(pod: PodLook) -> FailureReason | None:
    if reason := _POD_REASONS.get(pod.status.get("reason", "")):
        return reason
    return _DISRUPTIONS.get(pod.disruption.get("reason", ""), "Evicted") if pod.disruption else None


def _done_to_it_message(pod: PodLook, step: StepName) -> str:
    disruption = pod.disruption or {}
    why = pod.status.get("message") or disruption.get("message") or pod.status.get("reason") or disruption.get("reason")
    return f"{step} lost its pod {pod.name}{f' on node {pod.node}' if pod.node else ''}: {why}"


def _out_of_memory(pod: PodLook) -> bool:
    end = pod.terminated or {}
    if end.get("reason") == "OOMKilled" or _NO_MEMORY in (end.get("message") or ""):
        return True
    return end.get("exitCode") == _KILLED and pod.deleted_at is None


def _memory_message(pod: PodLook, step: StepName) -> str:
    end = pod.terminated or {}
    if _NO_MEMORY in (end.get("message") or ""):
        return _said(pod, step)
    limit = f" (its limit is {pod.memory_limit})" if pod.memory_limit else ""
    lower = "set training.microBatchSize or lower training.maxSeqLength, or " if step == "train" else ""
    sure = "it ran" if end.get("reason") == "OOMKilled" else "most likely it ran"
    return f"{step} was killed: {sure} out of memory{limit}; {lower}take a profile with more memory"


def _said(pod: PodLook, step: StepName) -> str:
    """The trainer's own paragraph, or the end of its log."""
    end = pod.terminated or {}
    said, code = (end.get("message") or "").strip(), end.get("exitCode")
    lines = said.splitlines()
    if code in _OWN_WORDS and len(lines) == 1:
        return said
    how = f"ended with exit code {code}" if end else f"failed: {pod.status.get('message') or pod.status.get('reason')}"
    if not lines:
        return f"{step} {how}; it said nothing"
    return f"{step} {how}; the last lines of its log:\n" + "\n".join(lines[-_LAST_LINES:])


def _leaving(pod: PodLook, deleted_at: datetime) -> Fault:
    if reason := _done_to_it(pod):
        return Fault(reason, f"its pod {pod.name} was taken from it: {(pod.disruption or {}).get('message')}", deleted_at)
    return Fault("Deleted", f"somebody deleted its pod {pod.name}", deleted_at)


def _unable_to_start(pod: PodLook, step: StepName, now: datetime, patience: timedelta, warning: str) -> Fault | None:
    reason, message = pod.waiting.get("reason", ""), pod.waiting.get("message", "")
    is_late = now > (pod.scheduled_at or pod.created_at) + patience
    if reason in _NO_IMAGE_EVER or (reason in _NO_IMAGE and is_late):
        text = f"the image {pod.image} of {step} cannot be had: {message or reason}; see trainerImage and imagePullSecrets"
        return Fault("ImagePull", text, now, stuck=True)
    if is_late and pod.missing_claim:
        where = "claims are looked for in the job's namespace"
        text = f"pod {pod.name} of {step} cannot start: {pod.missing_claim.rstrip('.')}; {where}"
        return Fault("Error", text, now, stuck=True)
    if is_late and pod.started_at is None and (reason in _NO_START or warning):
        return Fault("Error", f"pod {pod.name} of {step} cannot start: {warning or message or reason}", now, stuck=True)
    return None
