"""The embedding contract of a model in the store, read from its small files: no weights, no torch."""

from embtune_api.contract import CONTRACT_FILES, EmbeddingContract, contract_of, module_files
from embtune_api.documents.files import StoredModel
from embtune_store.folders import read_verified
from embtune_store.protocol import Store


def read_contract(store: Store, model: StoredModel) -> EmbeddingContract | None:
    """None: it is not a sentence-transformers folder that says what it is made of.

    Raises:
        Tampered: a file is gone, or its bytes are not those that are listed.
    """
    listed = {file.path: file.below(model.prefix) for file in model.files}
    if "modules.json" not in listed:
        return None
    modules = read_verified(store, listed["modules.json"])
    try:
        paths = [*CONTRACT_FILES, *module_files(modules)]
        return contract_of({path: read_verified(store, listed[path]) for path in paths if path in listed})
    except (ValueError, KeyError, TypeError):  # a model from outside may hold anything, and is published all the same
        return None
