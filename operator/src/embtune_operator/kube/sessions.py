"""Sessions of the object store: temporary credentials that allow what a policy says, and end by themselves.

By STS AssumeRole, as MinIO and AWS have it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from embtune_api.credentials import StoreCredentials
from embtune_api.errors import InvalidInput
from embtune_operator.cluster import ClusterError

if TYPE_CHECKING:
    import urllib3

    from embtune_operator.kube.platform import StoreSettings

CALL_SECONDS = 10.0


def own_credentials() -> StoreCredentials:
    """The operator's own, from its environment. Raises InvalidInput."""
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        missing = " and ".join(
            name for name, value in (("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)) if not value
        )
        raise InvalidInput(
            f"{missing}: not set in the operator's environment, so it has no credentials for the store. "
            f"Put both into the Secret that the chart's value store.credentialsSecret names."
        )
    return StoreCredentials(
        access_key_id=key, secret_access_key=secret, session_token=os.environ.get("AWS_SESSION_TOKEN") or None
    )


def store_endpoint(store: StoreSettings) -> str:
    """The S3 server as the operator reaches it; empty: AWS."""
    return os.environ.get("AWS_ENDPOINT_URL") or store.endpoint or ""


def mint(store: StoreSettings, own: StoreCredentials, policy: str, session: str) -> StoreCredentials:
    """A session that allows what both `policy` and the operator's own rights allow. Blocks for a call of the store's STS.

    Args:
        session: its name in the store's own logs.

    Raises:
        ClusterError: no answer, or a refusal.
    """
    import urllib3
    from minio.credentials.providers import AssumeRoleProvider

    endpoint = store_endpoint(store) or f"https://sts.{store.region}.amazonaws.com"
    provider = AssumeRoleProvider(
        sts_endpoint=endpoint,
        access_key=own.access_key_id,
        secret_key=own.secret_access_key,
        duration_seconds=store.session_seconds,
        policy=policy,
        region=store.region,
        role_arn=store.role_arn,
        role_session_name=session,
        http_client=_http(),
    )
    try:
        minted = provider.retrieve()
    except (urllib3.exceptions.HTTPError, ValueError) as error:
        raise ClusterError(
            f"The object store at {endpoint} gave no session for a step's credentials: {_said(error)}. Its STS must know the "
            f"operator's AWS_ACCESS_KEY_ID, and allow it AssumeRole{f' of {store.role_arn}' if store.role_arn else ''}; a store "
            f"without STS needs `store.sts: false` in the platform's settings."
        ) from error
    return StoreCredentials(
        access_key_id=minted.access_key,
        secret_access_key=minted.secret_key,
        session_token=minted.session_token,
        expires_at=minted.expiration,
    )


def _http() -> urllib3.PoolManager:
    import certifi
    import urllib3

    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CALL_SECONDS / 2, read=CALL_SECONDS),
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504]),
    )


def _said(error: Exception) -> str:
    """Its last words: the request, which carries a signature, comes before them."""
    return str(error).rpartition("Caused by ")[2].strip().rstrip(".")
