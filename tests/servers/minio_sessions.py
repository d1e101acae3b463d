"""Users of a MinIO, their sessions, and the end of these: what an administrator does."""

import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from minio.credentials.credentials import Credentials
from minio.credentials.providers import StaticProvider
from minio.minioadmin import MinioAdmin
from minio.signer import sign_v4_s3

from embtune_api.credentials import CREDENTIALS_FILE, StoreCredentials
from embtune_operator.kube.platform import StoreSettings
from embtune_operator.kube.sessions import mint
from servers.s3_server import S3Server

NO_BODY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
EVERYTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*"],"Resource":["arn:aws:s3:::*"]}]}'


def with_user(server: S3Server, policy: str = "readwrite") -> S3Server:
    """The same server, as a new ordinary user sees it, who may do what one of MinIO's own policies says."""
    name, secret = f"user-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
    provider = StaticProvider(server.access_key, server.secret_key)
    admin = MinioAdmin(endpoint=urlsplit(server.endpoint).netloc, credentials=provider, secure=False)
    admin.user_add(name, secret)
    admin.policy_set(policy, user=name)
    return replace(server, access_key=name, secret_key=secret)


def new_session(user: S3Server, policy: str = EVERYTHING) -> StoreCredentials:
    """Minted as the operator mints them."""
    settings = StoreSettings(uri=f"s3://{user.bucket}", endpoint=user.endpoint, session_seconds=900)
    own = StoreCredentials(access_key_id=user.access_key, secret_access_key=user.secret_key)
    return mint(settings, own, policy, "tests")


def revoke_sessions(server: S3Server, user: S3Server) -> None:
    """End every session of a user at once; it may have new ones."""
    url = urlsplit(f"{server.endpoint}/minio/admin/v3/revoke-tokens/builtin?fullRevoke=true&user={user.access_key}")
    now = datetime.now(UTC)
    headers = {"Host": url.netloc, "x-amz-date": now.strftime("%Y%m%dT%H%M%SZ"), "x-amz-content-sha256": NO_BODY}
    who = Credentials(server.access_key, server.secret_key)
    signed = sign_v4_s3(
        method="POST", url=url, region="", headers=dict(headers), credentials=who, content_sha256=NO_BODY, date=now
    )
    with urllib3.PoolManager() as http:
        answer = http.request("POST", url.geturl(), headers={k: str(v) for k, v in signed.items()})
    assert answer.status < 300, answer.data


def mount(folder: Path, credentials: StoreCredentials) -> Path:
    """Show them as a kubelet shows a Secret: the file is a link into a folder, and what that is a link to is swapped."""
    data = folder / f"..{uuid.uuid4().hex}"
    data.mkdir(parents=True)
    (data / CREDENTIALS_FILE).write_text(credentials.model_dump_json(exclude_none=True), encoding="utf-8")
    fresh = folder / "..data_tmp"
    fresh.symlink_to(data.name)
    fresh.replace(folder / "..data")
    file = folder / CREDENTIALS_FILE
    if not file.is_symlink():
        file.symlink_to(f"..data/{CREDENTIALS_FILE}")
    return folder
