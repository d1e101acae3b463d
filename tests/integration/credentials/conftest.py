"""The operator's view of a MinIO: as an ordinary user, by its environment."""

import uuid

import pytest

from embtune_operator.kube.platform import StoreSettings
from servers.fixtures import reach
from servers.minio_sessions import with_user
from servers.s3_server import S3Server


@pytest.fixture
def operator(minio: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """MinIO, as the user that the operator is; the environment says so."""
    user = with_user(minio)
    reach(user, monkeypatch)
    return user


@pytest.fixture
def settings(operator: S3Server) -> StoreSettings:
    """A store with a prefix that nobody else uses."""
    return StoreSettings(uri=f"s3://{operator.bucket}/{uuid.uuid4().hex}", endpoint=operator.endpoint, session_seconds=900)
