"""A version's model as a local folder: verified, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput
from embtune_store import folders

if TYPE_CHECKING:
    from pathlib import Path

    from embtune_api.keys import LineKeys
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store


def pull(store: Store, line: LineKeys, version: Version, target: Path) -> Path:
    """Copy a version's model folder to `target`, which must not exist or be empty. What was said about it is verified too.

    Raises:
        InvalidInput: something is at `target` already.
        Tampered: a byte in the store is not the one that was published; nothing appears at `target`.
    """
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    if target.exists():
        raise InvalidInput(f"{target} is there already and is not an empty folder: choose another folder, or remove it")
    keys, manifest = line.version(version.number), version.manifest
    folders.verify(store, keys.root, manifest.other_files)
    target.parent.mkdir(parents=True, exist_ok=True)
    folders.download_folder(store, keys.model, manifest.model_files, target)
    return target
