"""How an S3 server is reached, and as whom: by this process's environment, a mounted folder, or somebody else's keys."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import ValidationError

from embtune_api.credentials import CREDENTIALS_FILE, FOLDER_VARIABLE, StoreCredentials
from embtune_api.errors import InvalidInput, StoreDenied

if TYPE_CHECKING:
    from obstore.store import S3Credential

ABSENCE_SECONDS = 5.0
"""How long a mounted file may be missing, or half of it, before that is an error."""
SOON = timedelta(seconds=1)
"""obstore asks again for credentials that end this soon before nearly every request, though at most ten times a second."""


@dataclass(frozen=True)
class Access:
    endpoint: str = ""
    """Empty: AWS."""
    region: str = ""
    """Empty: as the environment says."""
    credentials: Callable[[], StoreCredentials] | None = None
    """Who asks, at this moment. None: whoever the environment, or the identity of the pod or machine, says."""
    anonymous: bool = False
    """Nobody asks: the bucket is public."""

    @property
    def rotating(self) -> MountedCredentials | None:
        return self.credentials if isinstance(self.credentials, MountedCredentials) else None

    def for_obstore(self) -> Callable[[], S3Credential] | None:
        if self.credentials is None:
            return None
        ask = self.credentials

        def answer() -> S3Credential:
            found = ask()
            return {
                "access_key_id": found.access_key_id,
                "secret_access_key": found.secret_access_key,
                "token": found.session_token,
                "expires_at": datetime.now(UTC) + SOON,
            }

        return answer


class MountedCredentials:
    """What the operator keeps in a mounted folder, as it is at this moment."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / CREDENTIALS_FILE
        self._last: StoreCredentials | None = None

    def __call__(self) -> StoreCredentials:
        """
        Raises:
            StoreDenied: there have never been any.
        """
        deadline = time.monotonic() + ABSENCE_SECONDS
        while True:
            try:
                self._last = StoreCredentials.model_validate_json(self.file.read_bytes())
            except (OSError, ValidationError) as error:  # a mounted file is replaced by way of a link, and gone for a moment
                if self._last is None and time.monotonic() > deadline:
                    what = "cannot be read" if isinstance(error, OSError) else "does not hold credentials"
                    raise StoreDenied(
                        f"There are no credentials for the store: {self.file}, which {FOLDER_VARIABLE} leads to, {what}. The "
                        f"operator writes it into the Secret of the step: look at its log."
                    ) from None
            if self._last is not None:
                return self._last
            time.sleep(0.05)


def own_access() -> Access:
    """As the environment says.

    Raises:
        InvalidInput: AWS_ENDPOINT_URL is no URL.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    return Access(
        endpoint=checked_endpoint(os.environ.get("AWS_ENDPOINT_URL", "")),
        credentials=MountedCredentials(Path(folder)) if folder else None,
    )


def access_with(keys: Mapping[str, str]) -> Access:
    """As somebody else's keys say: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, and, where they differ from
    those of the environment, AWS_ENDPOINT_URL and AWS_REGION. Without the first two: as nobody.

    Raises:
        InvalidInput: AWS_ENDPOINT_URL is no URL.
    """
    endpoint = checked_endpoint(keys.get("AWS_ENDPOINT_URL") or os.environ.get("AWS_ENDPOINT_URL", ""))
    region = keys.get("AWS_REGION", "")
    if not keys.get("AWS_ACCESS_KEY_ID") or not keys.get("AWS_SECRET_ACCESS_KEY"):
        return Access(endpoint, region, anonymous=True)
    credentials = StoreCredentials(
        access_key_id=keys["AWS_ACCESS_KEY_ID"],
        secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        session_token=keys.get("AWS_SESSION_TOKEN") or None,
    )
    return Access(endpoint, region, lambda: credentials)


def checked_endpoint(endpoint: str) -> str:
    """The same; obstore panics on one that is not a URL."""
    if endpoint:
        try:
            parts = urlsplit(endpoint)
            sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        except ValueError:
            sound = False
        if not sound:
            raise InvalidInput(
                f"AWS_ENDPOINT_URL is {endpoint!r}, which is no URL: write it as http://host:port or https://host."
            )
    return endpoint
