"""Objects as the API server stores them, as models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel
from pydantic_core import to_json

from embtune_api.reach import context

if TYPE_CHECKING:
    from embtune_operator.kube.api import Object

Model = TypeVar("Model", bound=BaseModel)


def read_stored(model: type[Model], body: Object) -> Model:
    """Types are the API server's, who has checked them.

    Raises:
        pydantic.ValidationError: the object was stored by other rules than those of this embtune.
    """
    said: dict[str, Any] = context(cluster=True)
    metadata = {name: value for name, value in body["metadata"].items() if name != "managedFields"}  # as long as all the rest
    return model.model_validate_json(to_json({**body, "metadata": metadata}), context=said)
