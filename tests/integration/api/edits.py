"""Changes of an object that stay valid: each field to another value, removed, and added."""

from collections.abc import Iterator
from typing import Any

from integration.api.examples import FULL, SHORTEST, changed, value_at, without
from integration.api.fields import KEY, Field
from integration.api.recipes import Object
from integration.api.verdicts import read


def edits_of(kind: str, field: Field) -> Iterator[tuple[str, Object, Object]]:
    """(sentence, before, after), for documents that hold the field, and one that does not."""
    for document in FULL[kind]:
        try:
            value = value_at(document, field.path)
        except (KeyError, IndexError):
            continue
        removed = None if isinstance(field.path[-1], int) else without(document, field.path)
        if removed is not None and read(removed):
            yield "removed", document, removed
            yield "added", removed, document
        for other in _others(field.schema, value):
            edited = changed(document, field.path, other)
            if read(edited):
                yield f"{value!r:.40} becomes {other!r:.40}", document, edited
    yield "nothing changes", SHORTEST[kind], SHORTEST[kind]


def _others(schema: Object, value: Any) -> list[Any]:
    if "enum" in schema:
        return [word for word in schema["enum"] if word != value]
    if schema["type"] == "boolean":
        return [not value]
    if schema["type"] in ("integer", "number"):
        return [value + 1, value / 2] if schema["type"] == "number" else [value + 1, value - 1]
    if schema["type"] == "string":
        return [f"{value}x", value[::-1], "4"]
    if schema["type"] == "array":
        return [[*value, value[0]], value[:-1]]
    return [{**value, f"{KEY}-2": "other"}] if "additionalProperties" in schema else []
