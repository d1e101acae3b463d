"""What embtune asks of the machinery that runs steps: Kubernetes, or local processes.

A child is one attempt of one step. Its name follows from the job and the attempt, so a create that was repeated, or
raced, makes one child.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal, Protocol

from embtune_api.errors import EmbtuneError, InvalidInput

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.requests import AnyRequest
    from embtune_api.resources import FineTuneJob
    from embtune_api.status import FailureReason, FineTuneJobStatus, Launch, ModelVersionStatus, StepName


@dataclass(frozen=True)
class Child:
    """One attempt of a step, to be launched."""

    name: str
    attempt: int
    """Counted from 1 for each step of a job."""
    request: AnyRequest


@dataclass(frozen=True)
class ChildState:
    """A child as it is seen."""

    name: str
    step: StepName
    digest: str
    """Input digest of the step it works on."""
    attempt: int
    state: Literal["Queued", "Running", "Succeeded", "Failed"]
    """Queued: no pod of it has started yet: no quota, no node, or suspended by a queue."""
    exit_code: int | None = None
    reason: FailureReason | None = None
    """Why it failed; None where nothing but the exit code is known."""
    message: str = ""
    """Why it failed, or what it waits for: one paragraph."""
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True)
class Event:
    """Something that happened once, for people."""

    reason: str
    """One word for programs."""
    message: str
    """A plain sentence."""
    failure: bool = False
    """The job has ended without a result."""
    detail: bool = False
    """Worth a line to whoever watches the run, but no Event in a cluster."""


class Cluster(Protocol):
    async def children(self, job: FineTuneJob) -> list[ChildState]:
        """Every child of the job that there still is, whatever launcher made it, as of now: one that is missing here and was
        launched is taken for deleted.
        """

    async def launch(self, job: FineTuneJob) -> Launch | None:
        """How the job's steps are launched: what its status has frozen, while that can be done, else what the platform says now.
        None: no launcher.
        """

    async def create(self, job: FineTuneJob, child: Child) -> None:
        """Launch it. No error, and no second child, when one of that name is there already and belongs to this job.

        Raises:
            InvalidInput: the platform refuses it for good: unknown profile, more GPUs than it allows, a name taken by a stranger.
            ClusterError: not now: try again later.
        """

    async def delete(self, job: FineTuneJob, name: str) -> None:
        """End it. No error when it is gone."""

    async def record_version(self, job: FineTuneJob, version: ModelVersionStatus) -> None:
        """Make the resource that shows a published version, where there are resources. No error when it is there."""

    async def write_status(self, job: FineTuneJob, status: FineTuneJobStatus) -> None: ...

    async def tell(self, job: FineTuneJob, event: Event) -> None:
        """Say what happened; a cluster leaves out what is a mere detail."""


class ClusterError(EmbtuneError):
    """The cluster did not do what was asked; trying again may help."""


def child_name(job_uid: str, step: StepName, attempt: int) -> str:
    """A DNS-1035 label of at most 30 characters, so that pod and service suffixes still fit."""
    short = hashlib.sha256(job_uid.encode()).hexdigest()[:10]
    return f"ft-{short}-{step}-{attempt}"


@dataclass
class MemoryCluster:
    """A cluster in which nothing runs by itself: a twin for tests, which say how each child ends."""

    states: dict[str, ChildState] = field(default_factory=dict)
    requests: dict[str, AnyRequest] = field(default_factory=dict)
    versions: list[ModelVersionStatus] = field(default_factory=list)
    statuses: list[FineTuneJobStatus] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    launched_as: Launch | None = None
    refusal: str = ""
    """Why the platform launches no job."""

    async def children(self, job: FineTuneJob) -> list[ChildState]:  # noqa: ARG002
        return list(self.states.values())

    async def launch(self, job: FineTuneJob) -> Launch | None:
        if self.refusal:
            raise InvalidInput(self.refusal)
        return (job.status.launch if job.status else None) or self.launched_as

    async def create(self, job: FineTuneJob, child: Child) -> None:  # noqa: ARG002
        request = child.request
        state = ChildState(child.name, request.step, request.digest, child.attempt, "Running")
        self.states.setdefault(child.name, state)
        self.requests.setdefault(child.name, request)

    async def delete(self, job: FineTuneJob, name: str) -> None:  # noqa: ARG002
        self.states.pop(name, None)

    async def record_version(self, job: FineTuneJob, version: ModelVersionStatus) -> None:  # noqa: ARG002
        self.versions.append(version)

    async def write_status(self, job: FineTuneJob, status: FineTuneJobStatus) -> None:  # noqa: ARG002
        self.statuses.append(status)

    async def tell(self, job: FineTuneJob, event: Event) -> None:  # noqa: ARG002
        self.events.append(event)

    def queue(self, name: str, message: str = "") -> None:
        """Let a child wait for room."""
        self.states[name] = replace(self.states[name], state="Queued", message=message)

    def start(self, name: str) -> None:
        """Let a child that has waited run."""
        self.states[name] = replace(self.states[name], state="Running", message="")

    def end(
        self,
        name: str,
        exit_code: int,
        message: str = "",
        at: datetime | None = None,
        reason: FailureReason | None = None,
    ) -> None:
        """Let a running child end."""
        state: Literal["Succeeded", "Failed"] = "Failed" if exit_code else "Succeeded"
        self.states[name] = replace(
            self.states[name], state=state, exit_code=exit_code, message=message, finished_at=at, reason=reason
        )
