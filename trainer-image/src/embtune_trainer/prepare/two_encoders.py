"""A base model that has one encoder for queries and another for documents."""

from embtune_api.documents.prepare import ResolvedBase
from embtune_api.encoder import ROUTER_FILE
from embtune_api.errors import InvalidInput
from embtune_api.training import Training


def refuse_two_encoders(base: ResolvedBase, training: Training, field: str = "baseModel") -> None:
    """
    Raises:
        InvalidInput: it has two, and both were to learn: nobody would know which of them learns what, and the vectors of
            documents, for which it was made, would be of no use any more.
    """
    frozen = training.tune is not None and training.tune.documents_stay
    if not frozen and any(file.path == ROUTER_FILE for file in base.model.files):
        raise InvalidInput(
            f"{field}: {base.uri} has one encoder for queries and another for documents, whose vectors are to stay valid. Set "
            f"training.tune.documentEncoder: Frozen to go on from it, or start from a model that has one encoder."
        )
