"""A store in an S3 bucket: AWS, MinIO, or any server with conditional writes (`If-None-Match`, `If-Match`)."""

from __future__ import annotations

import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api.errors import StoreError
from embtune_store.names import checked_key
from embtune_store.objects import ObjectStore
from embtune_store.s3_errors import is_collision, is_refusal, s3_error

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode
    from obstore.store import ClientConfig, RetryConfig, S3Config
    from obstore.store import S3Store as Backend

    from embtune_store.access import Access

PATIENCE = 15.0
"""Seconds after which a request that fails is not tried again."""
LARGEST_COPY = 5 * 10**9
"""Bytes: S3 copies up to 5 GiB in one request; more goes through this machine."""


class S3Store(ObjectStore):
    """Where `access` leaves something open, the usual variables decide: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY,
    AWS_SESSION_TOKEN, AWS_REGION; or the identity of the pod or machine.
    """

    def __init__(self, bucket: str, prefix: str, access: Access) -> None:
        super().__init__(f"s3://{bucket}/{prefix}".rstrip("/"), _backend(bucket, prefix, access, retries=6))
        self._once = _backend(bucket, prefix, access, retries=0)
        self._endpoint = access.endpoint

    def copy(self, source: str, target: str) -> None:
        with self._failures(source):
            size = self._head(source)["size"]
        if size <= LARGEST_COPY:
            super().copy(source, target)
        else:
            with tempfile.TemporaryDirectory() as folder:
                self.download(source, Path(folder, "object"))
                self.upload(Path(folder, "object"), target)

    def _head(self, key: str) -> ObjectMeta:
        import obstore
        from obstore.exceptions import PermissionDeniedError

        try:
            return super()._head(key)
        except PermissionDeniedError:  # the answer to HEAD has no room for the reason; the one to GET has
            return obstore.get(self._backend, checked_key(key)).meta

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
        return s3_error(error, key, self.uri, self._endpoint)


def _backend(bucket: str, prefix: str, access: Access, retries: int) -> Backend:
    from obstore.store import S3Store as Backend

    client: ClientConfig = {
        "allow_http": access.endpoint.startswith("http://"),
        "connect_timeout": timedelta(seconds=5),
        "read_timeout": timedelta(minutes=2),  # of silence: a server may take its time to copy 5 GB
        "timeout": timedelta(hours=1),  # of a whole request: a large object over a slow line
    }
    retry: RetryConfig = {
        "max_retries": retries,
        "retry_timeout": timedelta(seconds=PATIENCE),
        "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3), "base": 2},
    }
    config: S3Config = {"skip_signature": access.anonymous}
    if access.endpoint:
        config["endpoint"] = access.endpoint
    if access.region:
        config["region"] = access.region
    provider = access.for_obstore()
    return Backend(
        bucket, prefix=prefix or None, config=config, client_options=client, retry_config=retry, credential_provider=provider
    )
