"""Sessions of the object store: temporary credentials that allow what a policy says, and end by themselves.

By STS AssumeRole, as MinIO and AWS have it.
"""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlencode, urlsplit
from xml.etree import ElementTree

from embtune_api.credentials import StoreCredentials
from embtune_operator.cluster import ClusterError

if TYPE_CHECKING:
    import urllib3

    from embtune_operator.kube.platform import StoreSettings

CALL_SECONDS = 10.0


def own_credentials() -> StoreCredentials:
    """The operator's own, from its environment.

    Raises:
        ClusterError: there are none. No job is at fault: it waits until the platform has them.
    """
    key, secret = os.environ.get("AWS_ACCESS_KEY_ID", ""), os.environ.get("AWS_SECRET_ACCESS_KEY", "")
    if not key or not secret:
        missing = " and ".join(
            name for name, value in (("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret)) if not value
        )
        raise ClusterError(
            f"{missing}: not set in the operator's environment, so it has no credentials for the store. "
            f"Put both into the Secret that the chart's value store.credentials.existingSecret names."
        )
    return StoreCredentials(
        access_key_id=key, secret_access_key=secret, session_token=os.environ.get("AWS_SESSION_TOKEN") or None
    )


def store_endpoint(store: StoreSettings) -> str:
    """The S3 server as the operator reaches it; empty: AWS."""
    return os.environ.get("AWS_ENDPOINT_URL") or store.endpoint or ""


def mint(store: StoreSettings, own: StoreCredentials, policy: str, session: str) -> StoreCredentials:
    """A session that allows what both `policy` and the operator's own rights allow. Blocks for a call of the store's STS.

    The call is made here, with the SDK's signature, since the SDK's own provider raises every lifetime to an hour and keeps
    what the server said to itself. Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

    Args:
        session: its name in the store's own logs.

    Raises:
        ClusterError: no answer, or a refusal.
    """
    import urllib3

    endpoint = store_endpoint(store) or f"https://sts.{store.region}.amazonaws.com"
    wanted = {
        "Action": "AssumeRole",
        "Version": "2011-06-15",
        "DurationSeconds": str(store.session_seconds),
        "RoleSessionName": session,
        "Policy": policy,
    } | ({"RoleArn": store.role_arn} if store.role_arn else {})
    body = urlencode(wanted)
    headers = _signed(urlsplit(endpoint), store.region, body, own)
    try:
        answer = patient_http().request("POST", endpoint, body=body, headers=headers, redirect=False)
        if answer.status != 200:
            raise _refused(store, endpoint, f"{answer.status} {_said(answer.data)}")
        return _minted(answer.data)
    except urllib3.exceptions.HTTPError as error:
        raise ClusterError(
            f"The object store at {endpoint} cannot be asked for a session, which a step needs: {why_no_answer(error)}. Check "
            f"that it runs, and `store.endpoint` in the platform's settings."
        ) from error
    except (ElementTree.ParseError, ValueError) as error:
        raise _refused(store, endpoint, "its answer is none of an STS") from error


def _signed(url: SplitResult, region: str, body: str, own: StoreCredentials) -> dict[str, str]:
    from minio.credentials.credentials import Credentials
    from minio.signer import sign_v4_sts

    now, digest = datetime.now(UTC), hashlib.sha256(body.encode()).hexdigest()
    headers: dict[str, str | list[str] | tuple[str]] = {
        "Content-Type": "application/x-www-form-urlencoded",
        "Host": url.netloc,
        "X-Amz-Date": now.strftime("%Y%m%dT%H%M%SZ"),
    }
    if own.session_token:
        headers["X-Amz-Security-Token"] = own.session_token
    who = Credentials(own.access_key_id, own.secret_access_key)
    signed = sign_v4_sts(method="POST", url=url, region=region, headers=headers, credentials=who, content_sha256=digest, date=now)
    return {name: str(value) for name, value in signed.items()}


def _minted(answer: bytes) -> StoreCredentials:
    root = ElementTree.fromstring(answer)
    return StoreCredentials.model_validate_strings(
        {
            "access_key_id": root.findtext(".//{*}AccessKeyId", ""),
            "secret_access_key": root.findtext(".//{*}SecretAccessKey", ""),
            "session_token": root.findtext(".//{*}SessionToken", ""),
            "expires_at": root.findtext(".//{*}Expiration", ""),
        }
    )


def _said(answer: bytes) -> str:
    """Code and message of a refusal."""
    try:
        root = ElementTree.fromstring(answer)
    except ElementTree.ParseError:
        return "(no explanation)"
    return f"{root.findtext('.//{*}Code', '')}: {root.findtext('.//{*}Message', '')}".rstrip(". ")


def _refused(store: StoreSettings, endpoint: str, why: str) -> ClusterError:
    return ClusterError(
        f"The object store at {endpoint} gave no session for a step's credentials: {why}. Its STS must know the "
        f"operator's AWS_ACCESS_KEY_ID, and allow it AssumeRole{f' of {store.role_arn}' if store.role_arn else ''}; a store "
        f"without STS needs `store.sts: false` in the platform's settings."
    )


def why_no_answer(error: Exception) -> str:
    """The innermost words of urllib3's exception."""
    reason = getattr(error, "reason", error)
    return str(reason.args[-1] if reason.args else reason).rpartition(": ")[2]


@cache
def patient_http() -> urllib3.PoolManager:
    """Connections to the object store's own services: a time limit and a few retries for each call."""
    import certifi
    import urllib3

    return urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=CALL_SECONDS / 2, read=CALL_SECONDS),
        ca_certs=os.environ.get("SSL_CERT_FILE") or certifi.where(),
        retries=urllib3.Retry(total=2, backoff_factor=0.2, status_forcelist=[500, 502, 503, 504], raise_on_status=False),
        maxsize=8,
    )
