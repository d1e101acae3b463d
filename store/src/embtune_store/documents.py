"""pydantic documents in a store, as JSON that people can read and diff."""

import json
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from embtune_api.errors import StoreError
from embtune_store.protocol import Store

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class TaggedDocument(Generic[Model]):
    """A document, with the tag that a later `swap` must present."""

    document: Model
    tag: str


def read(store: Store, key: str, model: type[Model]) -> Model | None:
    """The document at `key`; None when there is none.

    Raises:
        StoreError: what is there is not such a document.
    """
    found = read_tagged(store, key, model)
    return found.document if found else None


def read_tagged(store: Store, key: str, model: type[Model]) -> TaggedDocument[Model] | None:
    """As `read`, for a document that is going to be swapped."""
    found = store.get_tagged(key)
    if found is None:
        return None
    try:
        return TaggedDocument(model.model_validate_json(found.data), found.tag)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the document"
        raise StoreError(
            f"{key} in the store {store.uri} is not a sound {model.__name__}: {place}: {first['msg']}. It was damaged, or "
            "written by another version of embtune: restore it from a backup, or use the embtune that wrote it."
        ) from error


def create(store: Store, key: str, document: BaseModel) -> bool:
    """Write it if the key is free; False when somebody was first."""
    return store.create(key, as_json(document))


def put(store: Store, key: str, document: BaseModel) -> None:
    """Write or overwrite it."""
    store.put(key, as_json(document))


def swap(store: Store, key: str, document: BaseModel, expected: str | None) -> bool:
    """Replace the document tagged `expected`, or create it (None); False when it has changed meanwhile."""
    return store.swap(key, as_json(document), expected)


def as_json(document: BaseModel) -> bytes:
    """Its JSON in YAML's spelling: indented, keys sorted, a newline at the end. Raises ValueError for NaN."""
    plain = document.model_dump(mode="json", by_alias=True)
    return (json.dumps(plain, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()
