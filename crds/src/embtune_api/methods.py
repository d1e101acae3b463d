"""Fields that mean something with some methods alone: one table says which, to pydantic and to the API server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from embtune_api.base import Resource


def goes_with_the_method(table: Mapping[str, Sequence[str]]) -> str:
    """A CEL rule. `table`: by field, as YAML has it, the values of `method` that it goes with."""
    return " && ".join(f"(!has(self.{name}) || self.method in {list(methods)})" for name, methods in table.items())


def refuse_others(settings: Resource, method: str, table: Mapping[str, Sequence[str]]) -> None:
    """
    Raises:
        ValueError: a field is set that does not go with the method.
    """
    given = settings.model_dump(by_alias=True, exclude_none=True)
    for name, methods in table.items():
        if name in given and method not in methods:
            raise ValueError(
                f"{name} goes with method {' or '.join(methods)}, and the method is {method}: "
                f"remove {name}, or set method: {methods[0]}"
            )
