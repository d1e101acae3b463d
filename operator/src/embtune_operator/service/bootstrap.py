"""The bucket, made ready: it is there, keeps overwritten bytes for a while, and does not collect what uploads left behind.

Done when an operator begins to lead; doing it again changes nothing. Lifecycle rules that somebody else made are never
written, not even unchanged: the SDK may not know all that is in them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from embtune_api.errors import StoreDenied, StoreError
from embtune_operator.kube.sessions import own_credentials, patient_http, store_endpoint, why_no_answer

if TYPE_CHECKING:
    from minio import Minio
    from minio.error import S3Error
    from minio.lifecycleconfig import LifecycleConfig, Rule

    from embtune_operator.kube.platform import StoreSettings

OLD_BYTES_DAYS = 30
"""Overwritten and deleted objects can be had back for so long."""
UPLOAD_DAYS = 1
"""After which the parts of an upload that was never finished are removed. MinIO does so by itself and ignores the rule."""
RULE = "embtune"


def prepare_bucket(store: StoreSettings) -> list[str]:
    """Make ready the bucket that the platform's store names. Blocks.

    Returns:
        What could not be done and is left to people: one paragraph each; embtune works without.

    Raises:
        ClusterError: the operator has no credentials.
        StoreDenied: there is no bucket and it may not be made, or the credentials are refused.
        StoreError: the server does not answer.
    """
    import urllib3
    from minio.error import MinioException, S3Error

    bucket, prefix = _place(store)
    client = _client(store)
    try:
        _make(client, bucket, store)
        return [*_version(client, bucket, prefix), *_expire(client, bucket, prefix)]
    except S3Error as error:
        raise StoreDenied(
            f"store.uri: the bucket {bucket} of {store.uri} cannot be used: {_said(error)}. Make it yourself, or allow the "
            f"operator's credentials s3:ListBucket and s3:CreateBucket for it; at {store_endpoint(store) or 'AWS'}."
        ) from error
    except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
        raise StoreError(
            f"store.uri: the store {store.uri} at {store_endpoint(store) or 'AWS'} cannot be reached: "
            f"{why_no_answer(error)}. Check that the server runs, and store.endpoint."
        ) from error


def _make(client: Minio, bucket: str, store: StoreSettings) -> None:
    from minio.error import S3Error

    if client.bucket_exists(bucket_name=bucket):
        return
    try:
        client.make_bucket(bucket_name=bucket, location=store.region)
    except S3Error as error:
        if error.code != "BucketAlreadyOwnedByYou":  # another operator was first
            raise


def _version(client: Minio, bucket: str, prefix: str) -> list[str]:
    """Scratch needs no versions: progress is overwritten every second, and checkpoints are large. MinIO can leave it out."""
    from minio.commonconfig import ENABLED
    from minio.error import S3Error
    from minio.versioningconfig import VersioningConfig

    try:
        if client.get_bucket_versioning(bucket_name=bucket).status == ENABLED:
            return []
        without_scratch = VersioningConfig(ENABLED, excluded_prefixes=[f"{prefix}*/jobs/"])
        try:
            client.set_bucket_versioning(bucket_name=bucket, config=without_scratch)
        except S3Error:  # another server, which knows no such thing
            client.set_bucket_versioning(bucket_name=bucket, config=VersioningConfig(ENABLED))
    except S3Error as error:
        return [
            f"Versioning of the bucket {bucket} could not be turned on: {_said(error)}. Bytes that are overwritten by mistake "
            f"cannot be had back. Turn it on, or allow the operator s3:GetBucketVersioning and s3:PutBucketVersioning."
        ]
    return []


def _expire(client: Minio, bucket: str, prefix: str) -> list[str]:
    from minio.error import S3Error
    from minio.lifecycleconfig import LifecycleConfig

    wanted = _rule(prefix)
    try:
        found = client.get_bucket_lifecycle(bucket_name=bucket)
        if found is not None and _holds(found, wanted):
            return []
        if found is not None and any(rule.rule_id != wanted.rule_id for rule in found.rules):
            return [
                f"The bucket {bucket} has lifecycle rules of somebody else, which are left alone. Add one for the prefix "
                f"{prefix or '(all)'!r} by hand: noncurrent versions expire after {OLD_BYTES_DAYS} days, incomplete uploads "
                f"after {UPLOAD_DAYS} day."
            ]
        client.set_bucket_lifecycle(bucket_name=bucket, config=LifecycleConfig([wanted]))
    except S3Error as error:
        return [
            f"The lifecycle of the bucket {bucket} could not be set: {_said(error)}. Overwritten bytes and unfinished uploads "
            f"stay and cost room. Set it, or allow the operator s3:GetLifecycleConfiguration and s3:PutLifecycleConfiguration."
        ]
    return []


def _rule(prefix: str) -> Rule:
    from minio.commonconfig import ENABLED, Filter
    from minio.lifecycleconfig import AbortIncompleteMultipartUpload, NoncurrentVersionExpiration, Rule

    return Rule(
        status=ENABLED,
        rule_filter=Filter(prefix=prefix),
        rule_id=f"{RULE} {prefix}".strip(),
        abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(UPLOAD_DAYS),
        noncurrent_version_expiration=NoncurrentVersionExpiration(noncurrent_days=OLD_BYTES_DAYS),
    )


def _holds(found: LifecycleConfig, wanted: Rule) -> bool:
    """Whether our rule is there, also on servers that drop the part about uploads."""
    return any(
        rule.rule_id == wanted.rule_id
        and rule.status == wanted.status
        and rule.noncurrent_version_expiration == wanted.noncurrent_version_expiration
        for rule in found.rules
    )


def _client(store: StoreSettings) -> Minio:
    from minio import Minio

    own, endpoint = own_credentials(), urlsplit(store_endpoint(store) or "https://s3.amazonaws.com")
    return Minio(
        endpoint=endpoint.netloc,
        access_key=own.access_key_id,
        secret_key=own.secret_access_key,
        session_token=own.session_token,
        secure=endpoint.scheme == "https",
        region=store.region,
        http_client=patient_http(),
    )


def _place(store: StoreSettings) -> tuple[str, str]:
    parts = urlsplit(store.uri)
    prefix = parts.path.strip("/")
    return parts.netloc, f"{prefix}/" if prefix else ""


def _said(error: S3Error) -> str:
    return f"the server answered {error.code} ({str(error.message).rstrip('.')})"
