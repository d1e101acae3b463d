"""What a model's tokenizer does to capitals."""

import json
from typing import Any

from embtune_api.documents.files import StoredModel
from embtune_store.folders import read_verified
from embtune_store.protocol import Store

_SMALL = ("Lowercase", "BertNormalizer")


def ignores_case(store: Store, model: StoredModel) -> bool:
    """Whether its `tokenizer.json` makes every letter small; False where there is none to ask.

    Raises:
        Tampered: it is not the file that was staged.
    """
    file = next((file for file in model.files if file.path.rpartition("/")[2] == "tokenizer.json"), None)
    if file is None:
        return False
    normalizer = json.loads(read_verified(store, file.below(model.prefix))).get("normalizer")
    return any(part["type"] in _SMALL and part.get("lowercase", True) for part in _parts(normalizer))


def _parts(normalizer: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Those of a sequence, which may hold others."""
    if normalizer is None:
        return []
    return [normalizer, *(inner for part in normalizer.get("normalizers", ()) for inner in _parts(part))]
