"""Resources as people write them, read the way an API server reads them."""

from __future__ import annotations

import json
from typing import Any, TypeVar

from embtune_api.base import Resource
from embtune_api.reach import context

T = TypeVar("T", bound=Resource)


def read_resource(kind: type[T], value: Any, *, cluster: bool) -> T:
    """Strict about types, and by the names of YAML alone.

    Args:
        value: the document, as plain values.
        cluster: what only a local run can read is refused, as the API server does.

    Raises:
        pydantic.ValidationError: with every fault.
    """
    document = json.dumps(_decoded(value))
    return kind.model_validate_json(document, strict=True, by_alias=True, by_name=False, context=context(cluster=cluster))


def _decoded(value: Any) -> Any:
    """As Kubernetes decodes it: a field without a value is absent, and 2.0 is the whole number 2."""
    if isinstance(value, dict):
        return {name: _decoded(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
