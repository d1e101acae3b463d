"""A store in an S3 bucket: AWS, MinIO, or any server with conditional writes (`If-None-Match`, `If-Match`)."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from embtune_api.errors import InvalidInput, StoreError
from embtune_store.names import checked_key
from embtune_store.objects import ObjectStore
from embtune_store.s3_errors import is_collision, is_refusal, s3_error

if TYPE_CHECKING:
    from obstore import PutMode
    from obstore.store import ClientConfig, RetryConfig
    from obstore.store import S3Store as Backend

PATIENCE = 15.0
"""Seconds after which a request that fails is not tried again."""
LARGEST_COPY = 5 * 10**9
"""Bytes: S3 copies up to 5 GiB in one request; more goes through this machine."""


class S3Store(ObjectStore):
    """Configured by the usual variables: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN,
    AWS_REGION; or by the identity of the pod or machine.

    Raises InvalidInput when AWS_ENDPOINT_URL is not a URL.
    """

    def __init__(self, bucket: str, prefix: str) -> None:
        super().__init__(f"s3://{bucket}/{prefix}".rstrip("/"), _backend(bucket, prefix, retries=6))
        self._once = _backend(bucket, prefix, retries=0)

    def copy(self, source: str, target: str) -> None:
        import obstore

        with self._failures(source):
            size = obstore.head(self._backend, checked_key(source))["size"]
        if size <= LARGEST_COPY:
            super().copy(source, target)
        else:
            with tempfile.TemporaryDirectory() as folder:
                self.download(source, Path(folder, "object"))
                self.upload(Path(folder, "object"), target)

    def _put_if(self, key: str, data: bytes, mode: PutMode) -> bool:
        """A conditional write that knows its own hand.

        When an answer is lost, the write may have happened. The next try is then refused because of our own bytes, so
        they are read back; a refusal of the first try is somebody else's doing, whatever the bytes.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError, GenericError, PreconditionError

        unsure, deadline, pause = False, time.monotonic() + PATIENCE, 0.1
        with self._failures(key):
            while True:
                try:
                    obstore.put(self._once, checked_key(key), data, mode=mode, use_multipart=False)
                    return True
                except (AlreadyExistsError, PreconditionError) as error:
                    if not is_collision(error):
                        return unsure and self._holds(key, data)
                    failure: Exception = error
                except GenericError as error:
                    if is_refusal(error):
                        raise
                    unsure, failure = True, error
                if time.monotonic() + pause > deadline:
                    raise failure
                time.sleep(pause)
                pause = min(2 * pause, 3.0)

    def _holds(self, key: str, data: bytes) -> bool:
        seen = self.get_tagged(key)
        return seen is not None and seen.data == data

    def _told(self, error: Exception, key: str) -> StoreError:
        return s3_error(error, key, self.uri)


def _backend(bucket: str, prefix: str, retries: int) -> Backend:
    from obstore.store import S3Store as Backend

    endpoint = _endpoint()
    client: ClientConfig = {
        "allow_http": endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=5),
        "read_timeout": timedelta(minutes=2),  # of silence: a server may take its time to copy 5 GB
        "timeout": timedelta(hours=1),  # of a whole request: a large object over a slow line
    }
    retry: RetryConfig = {
        "max_retries": retries,
        "retry_timeout": timedelta(seconds=PATIENCE),
        "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3), "base": 2},
    }
    return Backend(bucket, prefix=prefix or None, client_options=client, retry_config=retry)


def _endpoint() -> str:
    """AWS_ENDPOINT_URL, or nothing; obstore panics on one that is not a URL."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL", "")
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
