"""A bucket is made ready once, and again without a change; nobody else's rules are touched."""

import io
import json
import uuid
from urllib.parse import urlsplit

import pytest
from minio import Minio
from minio.commonconfig import ENABLED, Filter
from minio.lifecycleconfig import Expiration, LifecycleConfig, Rule

from embtune_api.errors import StoreDenied, StoreError
from embtune_operator.cluster import ClusterError
from embtune_operator.kube.platform import StoreSettings
from embtune_operator.service.bootstrap import prepare_bucket
from servers.fixtures import reach
from servers.minio_sessions import new_session, with_user
from servers.processes import free_port
from servers.s3_server import S3Server


@pytest.fixture
def admin(minio: S3Server) -> Minio:
    return Minio(endpoint=urlsplit(minio.endpoint).netloc, access_key=minio.access_key, secret_key=minio.secret_key, secure=False)


@pytest.fixture
def new(operator: S3Server) -> StoreSettings:
    return StoreSettings(uri=f"s3://new-{uuid.uuid4().hex[:8]}/models", endpoint=operator.endpoint)


def bucket_of(store: StoreSettings) -> str:
    return urlsplit(store.uri).netloc


def test_a_bucket_is_made_with_versions_and_an_end_for_old_bytes(new: StoreSettings, admin: Minio) -> None:
    for _ in range(2):
        assert prepare_bucket(new) == []
    assert admin.get_bucket_versioning(bucket_name=bucket_of(new)).status == "Enabled"
    lifecycle = admin.get_bucket_lifecycle(bucket_name=bucket_of(new))
    assert lifecycle is not None
    (rule,) = lifecycle.rules
    assert rule.rule_id == "embtune models/"
    assert rule.noncurrent_version_expiration is not None
    assert rule.noncurrent_version_expiration.noncurrent_days == 30
    assert rule.rule_filter is not None
    assert rule.rule_filter.prefix == "models/"


def test_scratch_is_overwritten_for_good(new: StoreSettings, admin: Minio) -> None:
    prepare_bucket(new)
    bucket, line, job = bucket_of(new), "models/search/shop/release.json", "models/search/jobs/shop-1/uid/train/progress.json"
    for key in (line, job):
        for content in (b"1", b"2"):
            admin.put_object(bucket_name=bucket, object_name=key, data=io.BytesIO(content), length=1)
    found = admin.list_objects(bucket_name=bucket, recursive=True, include_version=True)
    assert sorted(str(version.object_name) for version in found) == [job, line, line]


def test_rules_of_somebody_else_are_left_alone_and_told(new: StoreSettings, admin: Minio) -> None:
    admin.make_bucket(bucket_name=bucket_of(new))
    theirs = LifecycleConfig([Rule(ENABLED, Filter(prefix="logs/"), rule_id="theirs", expiration=Expiration(days=3))])
    admin.set_bucket_lifecycle(bucket_name=bucket_of(new), config=theirs)
    (note,) = prepare_bucket(new)
    assert "by hand: noncurrent versions expire after 30 days" in note
    assert admin.get_bucket_lifecycle(bucket_name=bucket_of(new)) == theirs
    assert admin.get_bucket_versioning(bucket_name=bucket_of(new)).status == "Enabled"


def test_who_may_not_make_a_bucket_is_told_what_to_allow(
    minio: S3Server, new: StoreSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    reach(with_user(minio, "readonly"), monkeypatch)
    with pytest.raises(StoreDenied, match=r"AccessDenied.*Make it yourself, or allow") as raised:
        prepare_bucket(new)
    assert "\n" not in str(raised.value)


def test_who_may_not_turn_versions_on_can_still_work(
    operator: S3Server, new: StoreSettings, admin: Minio, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.make_bucket(bucket_name=bucket_of(new))
    may = {"Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [f"arn:aws:s3:::{bucket_of(new)}"]}
    session = new_session(operator, json.dumps({"Version": "2012-10-17", "Statement": [may]}))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", session.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", session.secret_access_key)
    monkeypatch.setenv("AWS_SESSION_TOKEN", session.session_token or "")
    notes = prepare_bucket(new)
    assert [note.partition(" of the bucket")[0] for note in notes] == ["Versioning", "The lifecycle"]


def test_another_s3_server_is_told_what_it_lacks_and_used(versitygw: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    reach(versitygw, monkeypatch)
    store = StoreSettings(uri=f"s3://new-{uuid.uuid4().hex[:8]}", endpoint=versitygw.endpoint, sts=False)
    notes = prepare_bucket(store)
    assert prepare_bucket(store) == notes
    assert all("could not be" in note for note in notes)


def test_a_server_that_is_not_there(new: StoreSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = f"http://127.0.0.1:{free_port()}"
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    with pytest.raises(StoreError, match=f"{endpoint} cannot be reached"):
        prepare_bucket(new)


def test_no_credentials(new: StoreSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ClusterError, match="AWS_SECRET_ACCESS_KEY: not set"):
        prepare_bucket(new)
