"""prepare in a cluster: what lies outside the store is read with the tenant's Secret, never with the run's own credentials."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from embtune_api.credentials import FOLDER_VARIABLE
from embtune_api.documents.prepare import PrepareFacts
from embtune_api.errors import InvalidInput
from embtune_api.places import SecretRef
from embtune_api.requests import PrepareRequest
from embtune_api.sources import DataSource
from embtune_store import Store, folders, open_store
from embtune_trainer.prepare import run_prepare
from embtune_trainer.prepare.outside import Outside
from servers.fixtures import reach
from servers.minio_sessions import EVERYTHING, mount, new_session, with_user
from servers.s3_server import S3Server
from unit.trainer.prepare_world import World, some_pairs, write_base_model, write_jsonl

HUSH = "this-is-nobodys-key"


class Cluster:
    """A pod's view: a mounted session for the run's store, mounted Secrets, and data where the session does not reach."""

    def __init__(self, minio: S3Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.tenant = with_user(minio)
        self.secrets = folder / "sources"
        self.data = f"s3://{minio.bucket}/data-{uuid.uuid4().hex}"
        admin = open_store(reach(minio, monkeypatch))
        self.admin_uri, self.store_uri = admin.uri, f"{admin.uri}/store"
        self._fill(folder)
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        place = self.store_uri.removeprefix("s3://")
        policy = json.loads(EVERYTHING)
        policy["Statement"][0]["Resource"] = [f"arn:aws:s3:::{place}/*"]
        session = new_session(with_user(minio), json.dumps(policy))
        monkeypatch.setenv(FOLDER_VARIABLE, str(mount(folder / "mounted", session)))
        self.store: Store = open_store(self.store_uri)
        self.world = World(folder, self.store)

    def _fill(self, folder: Path) -> None:
        write_jsonl(folder / "rows.jsonl", some_pairs())
        outside, own = open_store(self.data), open_store(self.store_uri)
        for store in (outside, own):
            store.upload(folder / "rows.jsonl", "in/rows.jsonl")
        folders.upload_folder(outside, write_base_model(folder / "model"), "in/base")

    def secret(self, name: str, **keys: str) -> None:
        for key, value in keys.items():
            file = self.secrets / name / key
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(value + "\n")

    def tenants_keys(self, **changes: str) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": self.tenant.access_key, "AWS_SECRET_ACCESS_KEY": self.tenant.secret_key, **changes}

    def prepare(self, source: str, base: str, secret: str | None = "datasets") -> PrepareFacts:
        reference: dict[str, Any] = {"secretRef": {"name": secret}} if secret else {}
        request: PrepareRequest = self.world.request(source, base={"uri": base, **reference})
        assert request.data is not None
        train = [DataSource.model_validate({"uri": source, **reference})]
        data = request.data.model_copy(update={"train": train})
        request = request.model_copy(update={"data": data, "folder": None})
        return PrepareFacts.model_validate(run_prepare(request, self.store, lambda _: None, secrets=self.secrets).facts)


@pytest.fixture
def cluster(minio: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    return Cluster(minio, tmp_path, monkeypatch)


def refusal(cluster: Cluster, secret: str | None = "datasets", source: str = "") -> str:
    with pytest.raises(InvalidInput) as raised:
        cluster.prepare(source or f"{cluster.data}/in/rows.jsonl", f"{cluster.data}/in/base", secret)
    message = str(raised.value)
    assert "\n" not in message
    assert cluster.tenant.secret_key not in message
    assert HUSH not in message
    return message


def test_data_and_base_model_are_read_with_the_tenants_keys(cluster: Cluster) -> None:
    cluster.secret("datasets", **cluster.tenants_keys())
    facts = cluster.prepare(f"{cluster.data}/in/rows.jsonl", f"{cluster.data}/in/base")
    assert facts.train_rows > 50
    folders.verify(cluster.store, facts.base.model.prefix, facts.base.model.files)


def test_a_secret_that_is_not_there(cluster: Cluster) -> None:
    message = refusal(cluster)
    assert message.startswith("data.train[0].secretRef: there is no Secret datasets")
    assert "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in message


def test_a_secret_without_a_key(cluster: Cluster) -> None:
    cluster.secret("datasets", AWS_ACCESS_KEY_ID=cluster.tenant.access_key, password=HUSH)
    message = refusal(cluster)
    assert "Secret datasets has no key AWS_SECRET_ACCESS_KEY" in message


def test_a_secret_that_opens_nothing(cluster: Cluster) -> None:
    cluster.secret("datasets", **cluster.tenants_keys(AWS_SECRET_ACCESS_KEY=HUSH))
    message = refusal(cluster)
    assert "data.train[0].secretRef: the keys of Secret datasets do not open s3://" in message
    assert "SignatureDoesNotMatch" in message


def test_a_secret_with_an_endpoint_that_is_none(cluster: Cluster) -> None:
    cluster.secret("datasets", **cluster.tenants_keys(AWS_ENDPOINT_URL="minio:9000"))
    assert "data.train[0].secretRef: Secret datasets: AWS_ENDPOINT_URL is 'minio:9000'" in refusal(cluster)


def test_the_endpoint_of_the_secret_comes_first(cluster: Cluster, minio: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    cluster.secret("datasets", **cluster.tenants_keys(AWS_ENDPOINT_URL=minio.endpoint, AWS_REGION="us-east-1"))
    field, uri = "data.train[0]", f"{cluster.data}/in/rows.jsonl"
    with Outside(cluster.store, cluster.secrets).bucket(uri, SecretRef(name="datasets"), field) as (store, key):
        assert store.exists(key)


def test_without_a_secret_nobody_asks(cluster: Cluster) -> None:
    """The run's own session could not read it either; but it is not even shown to another bucket's server."""
    message = refusal(cluster, secret=None)
    assert "cannot be read without credentials, and none are named" in message
    assert "data.train[0].secretRef" in message


def test_what_lies_in_the_store_itself_needs_no_secret(cluster: Cluster) -> None:
    uri = f"{cluster.store_uri}/in/rows.jsonl"
    with Outside(cluster.store, cluster.secrets).bucket(uri, None, "data.train[0]") as (store, key):
        assert store is cluster.store
        assert store.exists(key)


def test_an_object_that_the_tenant_does_not_have(cluster: Cluster) -> None:
    cluster.secret("datasets", **cluster.tenants_keys())
    assert "there is no object s3://" in refusal(cluster, source=f"{cluster.data}/in/other.jsonl")


def test_a_model_of_the_hub_is_fetched_with_the_secrets_token(cluster: Cluster) -> None:
    outside, secret = Outside(cluster.store, cluster.secrets), SecretRef(name="hub")
    cluster.secret("hub", HF_TOKEN="token")
    assert outside.hub_token(secret, "baseModel") == "token"
    assert outside.hub_token(None, "baseModel") is None
    cluster.secret("empty", other="x")
    with pytest.raises(InvalidInput, match=r"baseModel\.secretRef: Secret empty has no key HF_TOKEN"):
        outside.hub_token(SecretRef(name="empty"), "baseModel")


def test_a_local_run_uses_its_environment(cluster: Cluster, minio: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER_VARIABLE)
    reach(minio, monkeypatch)
    with Outside(cluster.store).bucket(f"{cluster.data}/in/rows.jsonl", SecretRef(name="not-mounted"), "x") as (store, key):
        assert store.exists(key)
