"""Who may write a line."""

from embtune_api.documents.publish import Owner
from embtune_api.errors import InvalidInput
from embtune_api.keys import LineKeys
from embtune_store import documents
from embtune_store.protocol import Store


def claim_line(store: Store, line: LineKeys, owner: Owner) -> None:
    """Make `owner` the line's, if nobody is.

    Raises:
        InvalidInput: somebody else owns it.
    """
    documents.create(store, line.owner, owner)
    found = documents.read(store, line.owner, Owner)
    if found is not None and found != owner:
        raise InvalidInput(
            f"model: the line {line.root} in {store.uri} belongs to cluster {found.cluster} (namespace uid "
            f"{found.namespace_uid}), not to cluster {owner.cluster} (namespace uid {owner.namespace_uid}). "
            f"Choose another name for spec.model, or another store."
        )
