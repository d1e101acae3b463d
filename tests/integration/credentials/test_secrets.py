"""Secrets with sessions for steps: on a real API server, with a real MinIO."""

from __future__ import annotations

import asyncio
import base64
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from embtune_api.credentials import CREDENTIALS_FILE, FOLDER_VARIABLE, StoreCredentials
from embtune_api.errors import InvalidInput, StoreDenied
from embtune_api.resources import FineTuneJob
from embtune_operator.cluster import ClusterError
from embtune_operator.kube.api import KubeApi
from embtune_operator.kube.credentials import EXPIRES_AT, StepCredentials, secret_name
from embtune_operator.kube.kinds import SECRET
from embtune_operator.kube.platform import Platform
from embtune_store import open_store
from servers.minio_sessions import mount
from support.kube_children import a_cluster_job, a_platform, a_request

if TYPE_CHECKING:
    from embtune_api.status import StepName
    from embtune_operator.kube.api import Object
    from embtune_operator.kube.platform import StoreSettings
    from servers.control_plane import ControlPlane
    from servers.s3_server import S3Server

T = TypeVar("T")
CRDS = Path(__file__).resolve().parents[3] / "crds"


@dataclass
class Place:
    """A namespace with a job, and the platform that serves it."""

    plane: ControlPlane
    platform: Platform
    job: FineTuneJob

    def run(self, scenario: Callable[[StepCredentials], Awaitable[T]]) -> T:
        """With what a fresh process knows: nothing."""

        async def connected() -> T:
            api = await KubeApi.connect(self.plane.kubeconfig)
            try:
                return await scenario(StepCredentials(api, self.platform))
            finally:
                await api.close()

        return asyncio.run(connected())

    def ensure(self, step: StepName) -> Object:
        """The Secret that is there after a fresh process has looked."""
        return self.secret(self.run(lambda credentials: credentials.ensure(self.job, self.request(step))))

    def request(self, step: StepName) -> Any:
        return a_request(self.job, step).model_copy(update={"store": self.platform.store.uri})

    def secret(self, name: str) -> Object:
        found: Object = json.loads(self.kubectl("get", "secret", name, "-o", "json"))
        return found

    def kubectl(self, *arguments: object, stdin: str | None = None) -> str:
        return self.plane.kubectl("-n", self.job.metadata.namespace, *arguments, stdin=stdin)

    def age(self, name: str, left: timedelta) -> None:
        """Let the session of a Secret look as if it ended so soon."""
        ends = (datetime.now(UTC) + left).isoformat()
        self.kubectl("annotate", "--overwrite", "secret", name, f"{EXPIRES_AT}={ends}")


@pytest.fixture
def place(control_plane: ControlPlane, settings: StoreSettings) -> Place:
    for crd in sorted(CRDS.glob("*.yaml")):
        control_plane.kubectl("apply", "--server-side", "-f", crd)
    control_plane.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd", "finetunejobs.embtune.dev")
    namespace = f"secrets-{uuid.uuid4().hex[:8]}"
    control_plane.kubectl("create", "namespace", namespace)
    wanted = a_cluster_job(namespace)
    body = wanted.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    body |= {"metadata": {"name": "shop-1", "namespace": namespace}, "apiVersion": wanted.api_version, "kind": wanted.kind}
    made = control_plane.kubectl("create", "-f", "-", "-o", "json", stdin=json.dumps(body))
    store = settings.model_dump(by_alias=True)
    return Place(control_plane, a_platform(store=store), FineTuneJob.model_validate_json(made))


def content(secret: Object) -> StoreCredentials:
    return StoreCredentials.model_validate_json(base64.b64decode(secret["data"][CREDENTIALS_FILE]))


def version(secret: Object) -> str:
    return str(secret["metadata"]["resourceVersion"])


def test_a_step_reaches_the_store_with_what_the_secret_holds(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, prepare = place.ensure("train"), place.ensure("prepare")
    assert [train["metadata"]["name"], prepare["metadata"]["name"]] == [
        secret_name(place.job.metadata.uid, kind) for kind in ("train", "data")
    ]
    owner = train["metadata"]["ownerReferences"][0]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("FineTuneJob", place.job.metadata.uid, True)
    assert train["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "embtune"
    monkeypatch.setenv(FOLDER_VARIABLE, str(mount(tmp_path / "mounted", content(train))))
    store, request = open_store(place.platform.store.uri), place.request("train")
    store.put(request.job_keys.step("train", request.digest).progress, b"{}")
    with pytest.raises(StoreDenied):
        store.get(request.line_keys.line_exam)
    mount(tmp_path / "mounted", content(prepare))
    store.put(request.line_keys.line_exam, b"{}")


def test_the_other_steps_share_one(place: Place) -> None:
    secrets = [place.ensure(step) for step in ("prepare", "evaluate")]
    assert len({version(secret) for secret in secrets}) == 1


def test_nothing_is_written_until_half_of_the_life_is_over(place: Place) -> None:
    first = place.ensure("train")
    life = datetime.fromisoformat(first["metadata"]["annotations"][EXPIRES_AT]) - datetime.now(UTC)
    assert timedelta(seconds=850) < life <= timedelta(seconds=905)
    name = first["metadata"]["name"]
    place.age(name, timedelta(seconds=480))
    assert content(place.ensure("train")) == content(first)
    place.age(name, timedelta(seconds=420))
    second = content(place.ensure("train"))
    assert second.access_key_id != content(first).access_key_id


def test_a_step_that_runs_is_looked_after_at_no_cost(place: Place) -> None:
    async def asked(credentials: StepCredentials) -> None:
        request = place.request("train")
        assert credentials.due(place.job, "train")
        await credentials.ensure(place.job, request)
        assert not credentials.due(place.job, "train")
        assert credentials.due(place.job, "prepare")

    place.run(asked)


def test_a_secret_that_somebody_deleted_is_there_again_before_the_next_step_is_launched(place: Place) -> None:
    async def twice(credentials: StepCredentials) -> str:
        for _ in range(2):
            name = await credentials.ensure(place.job, place.request("train"))
            await credentials.api.delete(SECRET, place.job.metadata.namespace, name)
        return await credentials.ensure(place.job, place.request("train"))

    assert content(place.secret(place.run(twice))).session_token


def test_an_operator_without_credentials_lets_jobs_wait(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ClusterError, match="AWS_SECRET_ACCESS_KEY: not set in the operator's environment"):
        place.ensure("train")


def test_a_store_that_does_not_answer_is_told_as_that(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(
        ClusterError, match=r"127\.0\.0\.1:1 cannot be asked for a session.*needs: \[Errno 111\] Connection refused\."
    ):
        place.ensure("train")


def test_two_operators_at_once_make_one_secret(place: Place) -> None:
    async def at_once(credentials: StepCredentials) -> list[str]:
        operators = [StepCredentials(credentials.api, place.platform) for _ in range(4)]
        return await asyncio.gather(*(operator.ensure(place.job, place.request("train")) for operator in operators))

    (name,) = set(place.run(at_once))
    assert content(place.secret(name)).expires_at
    assert place.kubectl("get", "secrets", "-o", "name").split() == [f"secret/{name}"]


def test_a_secret_of_somebody_else_is_never_touched(place: Place) -> None:
    name = secret_name(place.job.metadata.uid, "train")
    place.kubectl("create", "secret", "generic", name, "--from-literal=password=theirs")
    before = place.secret(name)
    with pytest.raises(InvalidInput, match=f"{name}.*is not this job's"):
        place.ensure("train")
    assert place.secret(name) == before


def test_a_store_that_gives_no_session_now(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    name = place.ensure("train")["metadata"]["name"]
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong-for-a-while")
    place.age(name, timedelta(seconds=300))
    before = place.secret(name)
    assert place.ensure("train") == before, "the old session still holds"
    place.age(name, timedelta(seconds=30))
    with pytest.raises(
        ClusterError, match=r"gave no session.*signature we calculated does not match.*store\.sts: false"
    ) as raised:
        place.ensure("train")
    assert "wrong-for-a-while" not in str(raised.value)


def test_without_sts_steps_get_the_operators_own(place: Place, operator: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    place.platform = place.platform.model_copy(update={"store": place.platform.store.model_copy(update={"sts": False})})
    first = place.ensure("train")
    assert content(first) == StoreCredentials(access_key_id=operator.access_key, secret_access_key=operator.secret_key)
    assert version(place.ensure("train")) == version(first)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    assert content(place.ensure("train")).access_key_id == "another"


def test_the_life_that_the_platform_asks_for(settings: StoreSettings, place: Place) -> None:
    longer = settings.model_copy(update={"session_seconds": 7200})
    place.platform = a_platform(store=longer.model_dump(by_alias=True))
    expires_at = content(place.ensure("train")).expires_at
    assert expires_at is not None
    assert abs((expires_at - datetime.now(UTC)).total_seconds() - 7200) < 60


def test_secrets_go_with_their_job(place: Place) -> None:
    name = place.ensure("train")["metadata"]["name"]
    place.kubectl("delete", "ftj", place.job.metadata.name)
    place.kubectl("wait", "secret", name, "--for=delete", "--timeout=60s")
    assert SECRET.plural not in place.kubectl("get", "secrets", "-o", "name")
