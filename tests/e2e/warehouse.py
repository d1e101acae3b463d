"""The object store of the end-to-end tests: MinIO in the cluster, with the buckets, users and objects of a small company.

The platform team's user may use the bucket of versions; the tenant's user may read data sets and base models, and nothing else.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from minio import Minio
from minio.credentials.providers import StaticProvider
from minio.minioadmin import MinioAdmin

from cluster.fixtures import IN_CLUSTER_ENDPOINT, Node
from servers.minio_sessions import revoke_sessions
from servers.s3_server import S3Server

VERSIONS, DATASETS = "models", "datasets"
REGION = "us-east-1"


@dataclass(frozen=True)
class User:
    name: str
    secret: str

    def environ(self) -> dict[str, str]:
        return {"AWS_ACCESS_KEY_ID": self.name, "AWS_SECRET_ACCESS_KEY": self.secret}


@dataclass(frozen=True)
class Warehouse:
    node: Node
    platform: User
    tenant: User
    uri: str
    """Of the store of versions: new in each run, as lines belong to the namespace that they were made in."""

    def chart_values(self) -> dict[str, object]:
        """`store` of the chart, for the credentials in this Secret."""
        return {"uri": self.uri, "endpoint": IN_CLUSTER_ENDPOINT, "credentials": {"existingSecret": "embtune-store"}}

    def tenant_environ(self) -> dict[str, str]:
        """What stands in the tenant's own Secret."""
        return {**self.tenant.environ(), "AWS_ENDPOINT_URL": IN_CLUSTER_ENDPOINT, "AWS_REGION": REGION}

    def environ(self) -> dict[str, str]:
        """How a process on this machine reaches the store of versions."""
        proxies = {"NO_PROXY": urlsplit(self.node.endpoint).hostname or ""}
        return {**self.platform.environ(), "AWS_ENDPOINT_URL": self.node.endpoint, "AWS_REGION": REGION, **proxies}

    def put_file(self, key: str, file: Path) -> str:
        _root(self.node).fput_object(bucket_name=DATASETS, object_name=key, file_path=str(file))
        return f"s3://{DATASETS}/{key}"

    def put_folder(self, key: str, folder: Path) -> str:
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.put_file(f"{key}/{file.relative_to(folder)}", file)
        return f"s3://{DATASETS}/{key}"

    def revoke_sessions(self) -> None:
        """End all sessions that steps have at this moment."""
        root = S3Server(self.node.endpoint, self.node.access_key, self.node.secret_key, VERSIONS)
        revoke_sessions(root, S3Server(self.node.endpoint, self.platform.name, self.platform.secret, VERSIONS))


def stocked_warehouse(node: Node) -> Warehouse:
    """Make buckets and users; what is there already stays."""
    admin = MinioAdmin(
        endpoint=urlsplit(node.endpoint).netloc, credentials=StaticProvider(node.access_key, node.secret_key), secure=False
    )
    client = _root(node)
    if not client.bucket_exists(bucket_name=DATASETS):
        client.make_bucket(bucket_name=DATASETS)
    return Warehouse(
        node,
        _user(admin, "platform", [_allow("s3:*", VERSIONS), _allow("s3:*", f"{VERSIONS}/*")]),
        _user(admin, "tenant", [_allow("s3:ListBucket", DATASETS), _allow("s3:GetObject", f"{DATASETS}/*")]),
        f"s3://{VERSIONS}/{uuid.uuid4().hex[:8]}",
    )


def _user(admin: MinioAdmin, kind: str, statements: list[dict[str, object]]) -> User:
    user = User(f"{kind}-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex)
    admin.user_add(user.name, user.secret)
    admin.policy_add(user.name, policy={"Version": "2012-10-17", "Statement": statements})
    admin.policy_set(user.name, user=user.name)
    return user


def _allow(action: str, what: str) -> dict[str, object]:
    return {"Effect": "Allow", "Action": [action], "Resource": [f"arn:aws:s3:::{what}"]}


def _root(node: Node) -> Minio:
    url = urlsplit(node.endpoint)
    return Minio(endpoint=url.netloc, access_key=node.access_key, secret_key=node.secret_key, secure=False)
