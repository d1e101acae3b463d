"""What the pods of a job print."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embtune_api.errors import InvalidInput
from embtune_operator.client.submit import read_job
from embtune_operator.cluster import ClusterError
from embtune_operator.kube import labels
from embtune_operator.kube.kinds import POD

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_operator.kube.api import KubeApi

EVERYTHING = 1_000_000
"""Lines."""
_LOOK_SECONDS = 2.0
_ENDED = ("Succeeded", "Failed")


@dataclass(frozen=True)
class PodOfJob:
    name: str
    step: str
    attempt: int
    phase: str

    @property
    def title(self) -> str:
        return f"{self.step} · attempt {self.attempt} · {self.name} · {self.phase}"


async def pods_of(api: KubeApi, namespace: str, name: str, step: str | None = None) -> list[PodOfJob]:
    """The pods that there still are, oldest first.

    Raises:
        InvalidInput: no such job, or it has no pods.
    """
    job = await read_job(api, namespace, name)
    found = await api.list(POD, namespace, labels=labels.children_of(job.metadata.uid))
    pods = [_pod(pod) for pod in sorted(found, key=lambda pod: (pod["metadata"]["creationTimestamp"], pod["metadata"]["name"]))]
    chosen = [pod for pod in pods if step in (None, pod.step)]
    if not chosen:
        phase = job.status.phase if job.status else "Pending"
        of_step = f" of {step}" if step else ""
        raise InvalidInput(
            f"{name} has no pods{of_step} now (phase {phase}): they come with their step, and are removed "
            "ttlSecondsAfterFinished after the job's end"
        )
    return chosen


async def print_logs(api: KubeApi, namespace: str, pods: list[PodOfJob], tail: int, say: Callable[[str], None]) -> None:
    for pod in pods:
        if len(pods) > 1:
            say(f"── {pod.title}")
        say((await _log(api, namespace, pod, tail)).rstrip("\n"))


async def follow(api: KubeApi, namespace: str, name: str, step: str | None, tail: int, say: Callable[[str], None]) -> None:
    """Print what is new, pod after pod, until the job has ended."""
    printed: dict[str, int] = {}
    current = ""
    while True:
        job = await read_job(api, namespace, name)
        found = await api.list(POD, namespace, labels=labels.children_of(job.metadata.uid))
        for pod in map(_pod, found):
            if step not in (None, pod.step) or pod.phase == "Pending":
                continue
            try:
                lines = (await api.pod_log(namespace, pod.name, EVERYTHING)).splitlines()
            except ClusterError:  # it has not started, is gone, or the API server is away: the next look tells
                continue
            new = lines[printed.get(pod.name, max(0, len(lines) - tail)) :]
            printed[pod.name] = len(lines)
            if new and pod.name != current:
                current = pod.name
                say(f"── {pod.title}")
            for line in new:
                say(line)
        if job.status and job.status.phase in _ENDED:
            return
        await asyncio.sleep(_LOOK_SECONDS)


async def _log(api: KubeApi, namespace: str, pod: PodOfJob, tail: int) -> str:
    try:
        return await api.pod_log(namespace, pod.name, tail)
    except ClusterError as error:  # it has not started, or is gone meanwhile
        return f"(no log: {error})"


def _pod(pod: dict[str, Any]) -> PodOfJob:
    of = pod["metadata"]["labels"]
    return PodOfJob(pod["metadata"]["name"], of.get(labels.STEP, "?"), int(of.get(labels.ATTEMPT, 1)), pod["status"]["phase"])
