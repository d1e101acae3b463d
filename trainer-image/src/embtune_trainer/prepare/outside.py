"""Sources and base models outside the store: with whose credentials they are read.

In a cluster each `secretRef` is a mounted folder with a file for each key. The run's own credentials are for its own store
and never leave it. A local run reads everything with what its environment holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput, StoreDenied
from embtune_store import open_store
from embtune_store.access import access_with

if TYPE_CHECKING:
    from embtune_api.places import SecretRef
    from embtune_store.protocol import Store

PAIR = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
KEYS = (*PAIR, "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION", "HF_TOKEN")
"""The keys of a Secret that are read; others are left alone."""


@dataclass(frozen=True)
class Outside:
    """Where credentials for the outside come from."""

    own: Store
    """The run's store."""
    secrets: Path | None = None
    """Folder of mounted Secrets; None: a local run."""
    mirror: Path | None = None
    """A folder that is looked up before the hub: models as `<org>/<name>`, data sets as `datasets/<org>/<name>`."""
    claims: Path | None = None
    """Folder of mounted volumes, each by its claim's name; None: there are none."""

    @contextmanager
    def bucket(self, uri: str, secret: SecretRef | None, field: str) -> Iterator[tuple[Store, str]]:
        """The store to ask for `s3://bucket/key`, and the key in it.

        Args:
            field: the field of the spec that asks, such as `data.train[0]`.

        Raises:
            InvalidInput: no object can have this uri, the Secret is not there or lacks a key, or what it holds is refused.
        """
        bucket, key = split_s3(uri, field)
        store = self._store(f"s3://{bucket}", uri, secret, field)
        if store is self.own:
            key = f"s3://{bucket}/{key}".removeprefix(f"{self.own.uri}/")
        try:
            yield store, key
        except StoreDenied as error:
            if self.secrets is None:
                raise
            raise _refused(uri, secret, field, str(error)) from None

    def hub_token(self, secret: SecretRef | None, field: str) -> str | None:
        """HF_TOKEN of the Secret; None: the hub's own client finds one, or asks as nobody. Raises InvalidInput."""
        if self.secrets is None or secret is None:
            return None
        found = self._keys(self.secrets, secret, field)
        if "HF_TOKEN" not in found:
            raise InvalidInput(
                f"{field}.secretRef: Secret {secret.name} has no key HF_TOKEN, which the hub is asked with. Add the key, or "
                f"remove secretRef if what is there is public."
            )
        return found["HF_TOKEN"]

    def _store(self, bucket: str, uri: str, secret: SecretRef | None, field: str) -> Store:
        if self.secrets is None:
            return open_store(bucket)
        if secret is None:
            return self.own if uri.startswith(f"{self.own.uri}/") else open_store(bucket, access_with({}))
        keys = self._keys(self.secrets, secret, field)
        missing = [name for name in PAIR if name not in keys]
        if missing:
            raise InvalidInput(
                f"{field}.secretRef: Secret {secret.name} has no key {' and no key '.join(missing)}, without which {uri} cannot "
                f"be read. Its keys must be named like the variables: {', '.join(KEYS[:-1])}; the first two are needed."
            )
        try:
            return open_store(bucket, access_with(keys))
        except InvalidInput as error:
            raise InvalidInput(f"{field}.secretRef: Secret {secret.name}: {error}") from None

    def _keys(self, folder: Path, secret: SecretRef, field: str) -> dict[str, str]:
        place = folder / secret.name
        if not place.is_dir():
            raise InvalidInput(
                f"{field}.secretRef: there is no Secret {secret.name} in the job's namespace. Create it there, with the keys "
                f"{' and '.join(PAIR)} for s3://, or HF_TOKEN for the hub; then make the job again."
            )
        values = {name: _value(place / name) for name in KEYS}
        return {name: value for name, value in values.items() if value}


def split_s3(uri: str, field: str) -> tuple[str, str]:
    """`s3://bucket/some/key` → (`bucket`, `some/key`)."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    if not bucket or not key.strip("/"):
        raise InvalidInput(f"{field}.uri: {uri} names no object. Give s3://bucket/key.")
    return bucket, key.strip("/")


def _value(file: Path) -> str:
    """A key's value, without the newline that `kubectl create secret --from-file` may have brought along."""
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _refused(uri: str, secret: SecretRef | None, field: str, said: str) -> InvalidInput:
    if secret is None:
        return InvalidInput(
            f"{field}.secretRef: {uri} cannot be read without credentials, and none are named: create a Secret with "
            f"{' and '.join(PAIR)} in the job's namespace and give its name. {said}"
        )
    return InvalidInput(
        f"{field}.secretRef: the keys of Secret {secret.name} do not open {uri}. They need s3:GetObject for the object, and "
        f"s3:ListBucket for a folder. {said}"
    )
