"""Kubernetes as the pipeline's `Cluster`."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput
from embtune_operator.cluster import ClusterError, Event
from embtune_operator.kube import labels
from embtune_operator.kube.children import cause_of, state_of
from embtune_operator.kube.errors import AlreadyExists, Invalid, Missing
from embtune_operator.kube.kinds import EVENT, FINETUNEJOB, JOB, MODELVERSION, PYTORCHJOB, SERVICE
from embtune_operator.kube.launch import choose_launch, choose_launcher, profile_of
from embtune_operator.kube.manifests import build_child
from embtune_operator.kube.notes import about, build_event
from embtune_operator.kube.observation import Observation
from embtune_operator.kube.pods import Blueprint
from embtune_operator.kube.recollection import Recollection
from embtune_operator.kube.status import write_status
from embtune_operator.versions.resource import version_resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.resources import FineTuneJob
    from embtune_api.status import FineTuneJobStatus, Launch, ModelVersionStatus
    from embtune_operator.cluster import Child, ChildState
    from embtune_operator.kube.api import KubeApi, Object
    from embtune_operator.kube.children import ChildLook
    from embtune_operator.kube.credentials import StepCredentials
    from embtune_operator.kube.kinds import Kind
    from embtune_operator.kube.platform import Platform

_MADE = (JOB, PYTORCHJOB, SERVICE)
_FIRST_OF_THEIR_SECRET = ("prepare", "train")
"""Steps before which no other one has needed the same credentials."""
log = logging.getLogger(__name__)


def _has_trained(job: FineTuneJob) -> bool:
    return job.status is not None and any(attempt.step == "train" for attempt in job.status.attempts)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class KubeCluster:
    """One for each process. Two of them, in two operators, do no harm to each other."""

    api: KubeApi
    platform: Platform
    credentials: StepCredentials
    clock: Callable[[], datetime] = _now
    _recollection: Recollection = field(default_factory=Recollection)

    async def children(self, job: FineTuneJob) -> list[ChildState]:
        """Every child of the job. One that can neither start nor end is deleted here, and reported as failed from then on:
        nobody wants it to start beside its successor.
        """
        uid, now, observation = job.metadata.uid, self.clock(), Observation(self.api, job)
        listed = await observation.children()
        failed = self._recollection.failed(uid)
        states = [state_of(child, None, now) for child in listed if child.succeeded]
        open_ones = [child for child in listed if not child.succeeded and child.name not in failed]
        if open_ones:
            seen = [await observation.with_warnings(child, now) for child in await observation.with_pods(open_ones)]
            states += [await self._look(job, child, now) for child in seen]
        return [*states, *(state for state in failed.values() if state not in states)]

    async def launch(self, job: FineTuneJob) -> Launch:
        """How the job's steps are launched: what its status has kept, else what the platform says now. Where PyTorchJobs have
        gone since, a training that has not begun is launched in the other way.

        Raises:
            InvalidInput: the platform has no such profile, or it does not allow what the job asks for.
            ClusterError: the API server does not say which kinds it knows.
        """
        kept, pytorch_jobs = job.status.launch if job.status else None, await self.api.serves(PYTORCHJOB)
        if kept is None:
            return choose_launch(job.spec.runtime, self.platform, pytorch_jobs=pytorch_jobs)
        if kept.launcher != PYTORCHJOB.kind or pytorch_jobs or _has_trained(job):
            return kept
        return kept.model_copy(update={"launcher": choose_launcher(self.platform, pytorch_jobs=False)})

    async def create(self, job: FineTuneJob, child: Child) -> None:
        """POST it, once for good: what is there already and ours is left as it is.

        Raises:
            InvalidInput: the platform or the API server refuses it for good, or a stranger has its name.
            ClusterError: not now: quota, an admission policy, no answer.
        """
        launch = await self.launch(job)
        is_first = child.attempt == 1 and child.request.step in _FIRST_OF_THEIR_SECRET
        secret = await self.credentials.ensure(job, child.request, probably_new=is_first)
        blueprint = Blueprint(job, child, launch.image, profile_of(launch), self.platform, secret)
        for kind, body in build_child(blueprint, launch):
            await self._make(job, kind, body)

    async def delete(self, job: FineTuneJob, name: str) -> None:
        """Of whatever kind it is; its pods go with it, after their grace."""
        for kind in _MADE:
            if kind is not PYTORCHJOB or await self.api.serves(PYTORCHJOB):
                await self._remove(job, kind, name)
        self._recollection.forget(job.metadata.uid, name)

    async def record_version(self, job: FineTuneJob, version: ModelVersionStatus) -> None:
        try:
            await self.api.create(MODELVERSION, version_resource(job, version))
        except AlreadyExists:
            await self._tell_whose_name_it_is(job, version)

    async def write_status(self, job: FineTuneJob, status: FineTuneJobStatus) -> None:
        await write_status(self.api, job, status)

    async def tell(self, job: FineTuneJob, event: Event) -> None:
        """Details are left to the status. A job does not fail because nobody could be told about it."""
        if event.detail:
            return
        try:
            involved = about(FINETUNEJOB, job.metadata.model_dump())
            await self.api.create(EVENT, build_event(involved, event, self.clock()))
        except AlreadyExists:
            return
        except ClusterError as error:
            log.warning("Event %s of %s/%s is lost: %s", event.reason, job.metadata.namespace, job.metadata.name, error)

    async def _look(self, job: FineTuneJob, child: ChildLook, now: datetime) -> ChildState:
        uid, patience = job.metadata.uid, timedelta(seconds=self.platform.stuck_seconds)
        child = replace(child, remembered=self._recollection.cause(child.uid))
        cause = cause_of(child, now, patience)
        state = state_of(child, cause, now)
        if state.state == "Failed":
            if cause and cause.stuck:
                await self.api.delete(child.kind, job.metadata.namespace, child.name, uid=child.uid)
            self._recollection.has_failed(uid, child.uid, state)
            return state
        if cause:
            self._recollection.remember(child.uid, cause)
        if not child.suspended and self.credentials.due(job, child.step):
            await self._keep_credentials(job, child)
        return state

    async def _keep_credentials(self, job: FineTuneJob, child: ChildLook) -> None:
        """Of a step that runs; it is watched also while that cannot be done, and itself waits a while for others."""
        try:
            await self.credentials.ensure(job, child.request)
        except (ClusterError, InvalidInput) as error:
            log.warning("%s/%s may lose the store soon: %s", job.metadata.namespace, child.name, error)

    async def _tell_whose_name_it_is(self, job: FineTuneJob, version: ModelVersionStatus) -> None:
        """It was made by a pass before, as a rule; a stranger of its name leaves the version without a resource."""
        found = await self.api.get(MODELVERSION, job.metadata.namespace, version.name)
        if found and found["spec"].get("digest") != version.digest:
            message = (
                f"ModelVersion {version.name} is there already and shows another model, so v{version.version} has no resource: "
                f"it is in the store all the same. Make one of another name with spec {{model: {job.spec.model}, version: "
                f"{version.version}, digest: {version.digest}}}"
            )
            await self.tell(job, Event("NameTaken", message))

    async def _make(self, job: FineTuneJob, kind: Kind, body: Object) -> None:
        try:
            await self.api.create(kind, body)
        except AlreadyExists:
            await self._adopt(job, kind, body["metadata"]["name"])
        except Invalid as error:
            raise InvalidInput(f"{error}. What the job's runtime and its profile ask for makes no valid {kind.kind}") from error
        except Missing as error:
            raise ClusterError(f"{error}. Is {kind.kind} still installed, and does the namespace still exist?") from error

    async def _adopt(self, job: FineTuneJob, kind: Kind, name: str) -> None:
        where = f"{kind.kind} {job.metadata.namespace}/{name}"
        found = await self.api.get(kind, job.metadata.namespace, name)
        if found is None:
            raise ClusterError(f"{where} was there, and is gone again: it is made in the next pass")
        if not labels.controlled_by(found, job.metadata.uid):
            owners = ", ".join(f"{o['kind']} {o['name']}" for o in found["metadata"].get("ownerReferences") or ()) or "nobody"
            raise InvalidInput(
                f"{where} is there already, and belongs to {owners}, not to this job: delete it, and make the job again"
            )

    async def _remove(self, job: FineTuneJob, kind: Kind, name: str) -> None:
        found = await self.api.get(kind, job.metadata.namespace, name)
        if found and labels.controlled_by(found, job.metadata.uid):
            await self.api.delete(kind, job.metadata.namespace, name, uid=found["metadata"]["uid"])
