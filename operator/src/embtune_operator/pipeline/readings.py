"""Documents of the store that never change, as they were read: asked for on every pass, fetched and parsed once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, TypeVar, cast

from pydantic import BaseModel

from embtune_store import documents
from embtune_store.folders import read_verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from embtune_api.documents.files import StoredFile
    from embtune_store.protocol import Store

Model = TypeVar("Model", bound=BaseModel)


class Readings:
    """The newest `size` readings of create-only documents, for the threads of one process and one store.

    What is not there is looked for again each time. Bytes that are promoted are verified in the store itself, never here.
    """

    def __init__(self, size: int = 1024) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, type[BaseModel]], BaseModel] = OrderedDict()

    def document(self, store: Store, key: str, model: type[Model]) -> Model | None:
        """As `documents.read`, for a document that is created once."""
        return self._remembered(key, model, lambda: documents.read(store, key, model))

    def verified(self, store: Store, file: StoredFile, model: type[Model]) -> Model:
        """The document that a step wrote, which is what the step's manifest says. Raises Tampered."""
        found = self._remembered(
            f"{file.key} {file.sha256}", model, lambda: model.model_validate_json(read_verified(store, file))
        )
        assert found is not None
        return found

    def _remembered(self, key: str, model: type[Model], read: Callable[[], Model | None]) -> Model | None:
        place = (key, model)
        with self._lock:
            if place in self._known:
                self._known.move_to_end(place)
                return cast("Model", self._known[place])
        found = read()
        if found is not None:
            with self._lock:
                self._known[place] = found
                while len(self._known) > self._size:
                    self._known.popitem(last=False)
        return found
