"""A version's model as a local folder: verified, whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_store import folders

if TYPE_CHECKING:
    from pathlib import Path

    from embtune_api.keys import LineKeys
    from embtune_operator.registry.versions import Version
    from embtune_store.protocol import Store


def pull(store: Store, line: LineKeys, version: Version, target: Path) -> bool:
    """Copy a version's model folder to `target`. What was said about it is verified too.

    Returns whether anything was copied: False where `target` holds that very model already.

    Raises:
        InvalidInput: something else is at `target` already.
        Tampered: a byte in the store is not the one that was published; nothing appears at `target`.
    """
    keys, manifest = line.version(version.number), version.manifest
    folders.verify(store, keys.root, manifest.other_files)
    return folders.download_folder(store, keys.model, manifest.folder_files, target)
