"""The store behind a URI."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from embtune_api.errors import InvalidInput
from embtune_store.folder import FolderStore
from embtune_store.protocol import Store

if TYPE_CHECKING:
    from embtune_store.access import Access


def open_store(uri: str, access: Access | None = None) -> Store:
    """The store at a folder's path, `file:///…`, `s3://bucket/prefix`, or `memory://` (a new one at each call).

    Nothing is asked of it yet, and nothing is written: see `probe`.

    Args:
        access: how a server is reached and as whom; None: as this process's environment says.

    Raises:
        InvalidInput: no store can have this URI, or AWS_ENDPOINT_URL is no URL.
        StoreDenied: EMBTUNE_STORE_CREDENTIALS names a folder without credentials.
    """
    scheme, separator, _ = uri.partition("://")
    if not separator:
        return _folder(uri)
    parts = urlsplit(uri)
    if scheme == "file" and parts.netloc in {"", "localhost"}:
        return _folder(unquote(parts.path))
    if scheme == "s3" and parts.netloc and not parts.query and not parts.fragment:
        return _s3(parts.netloc, parts.path.strip("/"), access)
    if uri == "memory://":
        from embtune_store.objects import MemoryStore

        return MemoryStore()
    raise InvalidInput(f"{uri!r} is no store: give a folder, or s3://bucket/prefix.")


def probe(store: Store) -> None:
    """Find out with one small request whether the store can be used, before any work is done for it.

    Raises:
        StoreDenied: it refuses the credentials, or there is no such bucket.
        StoreError: it cannot be reached.
    """
    next(iter(store.list("")), None)


def _s3(bucket: str, prefix: str, access: Access | None) -> Store:
    from embtune_store.access import own_access
    from embtune_store.rotating import RotatingStore
    from embtune_store.s3 import S3Store

    access = access or own_access()
    store = S3Store(bucket, prefix, access)
    if access.rotating is None:
        return store
    access.rotating()
    return RotatingStore(store, access.rotating)


def _folder(path: str) -> Store:
    root = Path(path).expanduser()
    if not path or (root.exists() and not root.is_dir()):
        raise InvalidInput(
            f"The store {path!r} is not a folder: give the path of one (it need not exist), or s3://bucket/prefix."
        )
    return FolderStore(root)
