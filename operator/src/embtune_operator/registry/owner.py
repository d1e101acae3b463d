"""Who may change a line: the cluster and namespace whose job was the first in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_api.documents.publish import Owner
from embtune_api.errors import InvalidInput
from embtune_store import documents

if TYPE_CHECKING:
    from embtune_api.keys import LineKeys
    from embtune_store.protocol import Store


def refuse_stranger(store: Store, line: LineKeys, owner: Owner) -> None:
    """Two clusters that share a store, or a namespace that was made anew, do not release each other's versions.

    Raises:
        InvalidInput: somebody else owns the line.
    """
    found = documents.read(store, line.owner, Owner)
    if found is not None and found != owner:
        raise InvalidInput(
            f"the line {line.root} in {store.uri} belongs to cluster {found.cluster} (namespace uid {found.namespace_uid}), "
            f"not to cluster {owner.cluster} (namespace uid {owner.namespace_uid}): change it from there"
        )
