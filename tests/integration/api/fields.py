"""Every field of the models, by walking their JSON schemas: a field that is added to a model is tested without further ado."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from embtune_api.resources import KINDS

Path = tuple[str | int, ...]
Schema = dict[str, Any]
KEY = "example.com/key"
"""Stands for any key of a map, as 0 stands for any index of a list."""
INDEX: dict[str | int, int] = {"suites": 1}
"""Of lists whose first entry may hold less than the others: what stands for any index."""


@dataclass(frozen=True)
class Field:
    path: Path
    schema: Schema
    """Without references; `null` is not among its types."""
    required: bool

    @property
    def dotted(self) -> str:
        """As the API server names it."""
        return dotted(self.path)


def fields_of(kind: str, root: str = "spec") -> list[Field]:
    """All of them, outer ones first."""
    whole = KINDS[kind].model_json_schema(by_alias=True)
    return list(_walk(whole["properties"][root], (root,), root in whole["required"], whole["$defs"]))


def dotted(path: Path) -> str:
    """`spec.data.train[0].uri`"""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _walk(raw: Schema, path: Path, required: bool, definitions: Schema) -> Iterator[Field]:
    schema = _resolved(raw, definitions)
    yield Field(path, schema, required)
    for name, inner in schema.get("properties", {}).items():
        yield from _walk(inner, (*path, name), name in schema.get("required", ()), definitions)
    if "items" in schema:
        yield from _walk(schema["items"], (*path, INDEX.get(path[-1], 0)), False, definitions)
    if isinstance(schema.get("additionalProperties"), dict):
        yield from _walk(schema["additionalProperties"], (*path, KEY), False, definitions)


def _resolved(raw: Schema, definitions: Schema) -> Schema:
    if "anyOf" in raw:
        raw = next(kind for kind in raw["anyOf"] if kind != {"type": "null"})
    return definitions[raw["$ref"].rsplit("/", 1)[1]] if "$ref" in raw else raw
