"""The Secrets with which steps reach the store: one for training, one for the other steps of a job.

Each holds a session of the object store that allows what those steps do (`policies`) and ends by itself. It is replaced at
half of its life, and pods read the new one from the mounted folder. Where the platform has no STS, it holds the operator's
own credentials.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from embtune_api.credentials import CREDENTIALS_FILE
from embtune_api.errors import EmbtuneError, InvalidInput
from embtune_api.resources import FineTuneJob
from embtune_operator.kube.errors import AlreadyExists
from embtune_operator.kube.kinds import SECRET
from embtune_operator.kube.labels import controlled_by, job_labels, owner_reference
from embtune_operator.kube.policies import kind_of, policy_for
from embtune_operator.kube.sessions import mint, own_credentials

if TYPE_CHECKING:
    from embtune_api.credentials import StoreCredentials
    from embtune_api.requests import AnyRequest
    from embtune_api.resources import ModelVersion
    from embtune_api.status import StepName
    from embtune_operator.kube.api import KubeApi, Object
    from embtune_operator.kube.platform import Platform
    from embtune_operator.kube.policies import CredentialKind

EXPIRES_AT = "embtune.dev/expires-at"
"""Annotation: when the session ends; empty for credentials that do not."""
LOOK_AGAIN = timedelta(hours=1)
"""For credentials that do not end: somebody may have given the operator others."""
RETRY = timedelta(seconds=30)
"""After a rotation that failed while the old session still holds."""
LAST_MOMENT = timedelta(seconds=60)
"""A session that ends sooner is of no use to a pod that is started now."""

log = logging.getLogger(__name__)


@dataclass
class StepCredentials:
    """To be asked before a step is launched, and again whenever it is looked at while it runs."""

    api: KubeApi
    platform: Platform
    _fresh_until: dict[str, datetime] = field(default_factory=dict)
    """Secret's name → when it has to be looked at again."""

    def due(self, job: FineTuneJob | ModelVersion, step: StepName) -> bool:
        """Whether a step that runs may need other credentials, as far as this process knows; costs nothing."""
        return self._fresh_until.get(secret_name(job.metadata.uid, kind_of(step)), _NEVER) <= datetime.now(UTC)

    async def ensure(self, job: FineTuneJob | ModelVersion, request: AnyRequest, *, probably_new: bool = False) -> str:
        """The name of the Secret, in the job's namespace, with credentials for this step that hold for a while. It is looked at
        each time, since somebody may have deleted it.

        Args:
            probably_new: nobody has needed it yet: it is made without a look, and looked at when it is there after all.

        Raises:
            InvalidInput: a stranger's Secret has that name, or no policy can be written for the names of this job.
            ClusterError: the object store or Kubernetes did not do its part: try again later.
        """
        name = secret_name(job.metadata.uid, kind_of(request.step))
        found = None if probably_new else await self._own_secret(job, name)
        try:
            if found is None:
                fresh_until = await self._create(job, request, name)
            else:
                fresh_until = await self._keep_fresh(job, request, found)
        except (EmbtuneError, OSError) as error:
            if found is None or not _holds_for_now(found):
                raise
            log.warning("Secret %s/%s: its credentials could not be replaced yet: %s", job.metadata.namespace, name, error)
            fresh_until = datetime.now(UTC) + RETRY
        self._remember(name, fresh_until)
        return name

    async def _own_secret(self, job: FineTuneJob | ModelVersion, name: str) -> Object | None:
        found = await self.api.get(SECRET, job.metadata.namespace, name)
        if found is not None and not controlled_by(found, job.metadata.uid):
            raise InvalidInput(
                f"metadata.name: Secret {job.metadata.namespace}/{name}, which would hold the credentials of this job's steps, "
                f"is there already and is not this job's. Delete that Secret, or make the job again."
            )
        return found

    async def _create(self, job: FineTuneJob | ModelVersion, request: AnyRequest, name: str) -> datetime:
        """Returns until when it need not be looked at."""
        credentials = await self._credentials(job, request)
        try:
            await self.api.create(SECRET, _secret(job, name, credentials))
        except AlreadyExists:  # made by another operator, or by a request whose answer was lost
            found = await self._own_secret(job, name)
            return await self._keep_fresh(job, request, found) if found else datetime.now(UTC)
        return self._fresh_for(credentials.expires_at)

    async def _keep_fresh(self, job: FineTuneJob | ModelVersion, request: AnyRequest, found: Object) -> datetime:
        """Replace what is past half of its life. Two operators at once replace it twice: both sessions hold."""
        fresh_until = self._fresh_for(_expiry(found))
        if self.platform.store.sts and _expiry(found) and fresh_until > datetime.now(UTC):
            return fresh_until
        credentials = await self._credentials(job, request)
        body = _secret(job, found["metadata"]["name"], credentials)
        if not _says(found, body["stringData"][CREDENTIALS_FILE]):
            change = {"metadata": {"annotations": body["metadata"]["annotations"]}, "stringData": body["stringData"]}
            await self.api.merge(SECRET, job.metadata.namespace, found["metadata"]["name"], change)
        return self._fresh_for(credentials.expires_at)

    async def _credentials(self, job: FineTuneJob | ModelVersion, request: AnyRequest) -> StoreCredentials:
        own, store = own_credentials(), self.platform.store
        if not store.sts:
            return own
        return await asyncio.to_thread(mint, store, own, policy_for(request, _base_line(job)), f"embtune-{request.job_uid}"[:64])

    def _fresh_for(self, expires_at: datetime | None) -> datetime:
        if expires_at is None:
            return datetime.now(UTC) + LOOK_AGAIN
        return expires_at - timedelta(seconds=self.platform.store.session_seconds) / 2

    def _remember(self, name: str, fresh_until: datetime) -> None:
        now = datetime.now(UTC)
        if len(self._fresh_until) > 10_000:
            self._fresh_until = {other: until for other, until in self._fresh_until.items() if until > now}
        self._fresh_until[name] = fresh_until


_NEVER = datetime.min.replace(tzinfo=UTC)


def secret_name(job_uid: str, kind: CredentialKind) -> str:
    return f"ft-{hashlib.sha256(job_uid.encode()).hexdigest()[:10]}-store-{kind}"


def _base_line(job: FineTuneJob | ModelVersion) -> str | None:
    version = job.spec.base_model.version if isinstance(job, FineTuneJob) else None
    return version.model if version else None


def _secret(job: FineTuneJob | ModelVersion, name: str, credentials: StoreCredentials) -> dict[str, Any]:
    expires_at = credentials.expires_at.isoformat() if credentials.expires_at else ""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": job.metadata.namespace,
            "labels": job_labels(job),
            "annotations": {EXPIRES_AT: expires_at},
            "ownerReferences": [owner_reference(job)],
        },
        "type": "Opaque",
        "stringData": {CREDENTIALS_FILE: credentials.model_dump_json(exclude_none=True)},
    }


def _expiry(secret: Object) -> datetime | None:
    """As its annotation says; None for credentials that do not end, or when it says nothing sensible."""
    try:
        return datetime.fromisoformat((secret["metadata"].get("annotations") or {})[EXPIRES_AT])
    except (KeyError, ValueError):
        return None


def _holds_for_now(secret: Object) -> bool:
    expires_at = _expiry(secret)
    return expires_at is None or expires_at - datetime.now(UTC) > LAST_MOMENT


def _says(secret: Object, content: str) -> bool:
    there: str = (secret.get("data") or {}).get(CREDENTIALS_FILE, "")
    return there == base64.b64encode(content.encode()).decode()
