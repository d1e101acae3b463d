"""One field at a time: every field added, removed, just inside and just outside each bound, of the wrong type, misspelled."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from integration.api.examples import FULL, SHORTEST, changed, value_at, without
from integration.api.fields import KEY, Field, Path, dotted
from integration.api.recipes import Object

_OF_OTHER_TYPES: dict[str, list[tuple[str, Any]]] = {
    "integer": [("a text", "3"), ("a fraction", 1.5), ("a truth", True), ("a list", [3]), ("a mapping", {"a": 3})],
    "number": [("a text", "0.5"), ("a truth", True), ("a list", [0.5]), ("a mapping", {"a": 0.5})],
    "string": [("a number", 3), ("a fraction", 1.5), ("a truth", False), ("a list", ["a"]), ("a mapping", {"a": "b"})],
    "boolean": [("a text", "true"), ("a number", 1), ("a zero", 0), ("a list", [True])],
    "array": [("a text", "a"), ("a number", 1), ("a mapping", {"a": 1})],
    "object": [("a text", "a"), ("a number", 1), ("a list", [1])],
}


@dataclass(frozen=True)
class Case:
    sentence: str
    document: Object
    refused_at: Path | None = None
    """The field that must be named in the refusal; None: good or bad by other rules, but the same for both."""

    @property
    def named(self) -> str:
        """What a refusal must say."""
        return dotted(self.refused_at or ())


def example_with(kind: str, path: Path) -> Object | None:
    """The first example that has the field."""
    for document in FULL[kind]:
        try:
            value_at(document, path)
        except (KeyError, IndexError):
            continue
        return document
    return None


def cases_of(kind: str, field: Field) -> Iterator[Case]:
    document = example_with(kind, field.path)
    name = field.dotted
    if document is None:
        yield Case(f"{name} added", changed(SHORTEST[kind], field.path, "text"))
        return
    value = value_at(document, field.path)
    yield Case(f"{name} alone", changed(SHORTEST[kind], field.path, value))
    yield from _gone(name, field, document)
    for what, wrong in _OF_OTHER_TYPES[field.schema["type"]]:
        yield Case(f"{name}: {what}", changed(document, field.path, wrong), field.path)
    for what, good in _inside(field.schema, value):
        yield Case(f"{name}: {what}", changed(document, field.path, good))
    for what, bad in _outside(field.schema, value):
        yield Case(f"{name}: {what}", changed(document, field.path, bad), field.path)
    if "properties" in field.schema:
        yield from _misspelled(name, field, document)


def _gone(name: str, field: Field, document: Object) -> Iterator[Case]:
    refused_at = field.path if field.required else None
    if isinstance(field.path[-1], int):
        yield Case(f"{name}: null in a list", changed(document, field.path, None), field.path)
        return
    yield Case(f"{name} removed", without(document, field.path), refused_at)
    yield Case(f"{name}: null", changed(document, field.path, None), refused_at)


def _misspelled(name: str, field: Field, document: Object) -> Iterator[Case]:
    for unknown in ("unknownField", *(_snake(known) for known in field.schema["properties"] if _snake(known) != known)):
        path = (*field.path, unknown)
        yield Case(f"{name}: {unknown} is no field", changed(document, path, 1), path)


def _inside(schema: Object, value: Any) -> Iterator[tuple[str, Any]]:
    whole = schema["type"] == "integer"
    for bound in ("minimum", "maximum"):
        if bound in schema:
            yield f"at its {bound}", schema[bound]
    for bound, direction in (("exclusiveMinimum", math.inf), ("exclusiveMaximum", -math.inf)):
        if bound in schema:
            yield f"next to its {bound}", math.nextafter(schema[bound], direction)
    if whole:
        yield "a whole number with a point", float(value)
    for word in (*schema.get("enum", ()), *([schema["const"]] if "const" in schema else [])):
        yield f"the word {word}", word
    yield from _lengths(schema, value, longer=0)
    if schema["type"] == "string" and "pattern" in schema:
        yield "with a line break at its end", f"{value}\n"
    elif schema["type"] == "string" and "maxLength" in schema:
        yield "as many characters of two bytes as it may have", "ä" * schema["maxLength"]


def _outside(schema: Object, value: Any) -> Iterator[tuple[str, Any]]:
    whole = schema["type"] == "integer"
    for bound, direction in (("minimum", -1), ("maximum", 1)):
        if bound in schema:
            yield (
                f"beyond its {bound}",
                schema[bound] + direction if whole else math.nextafter(schema[bound], direction * math.inf),
            )
    for bound in ("exclusiveMinimum", "exclusiveMaximum"):
        if bound in schema:
            yield f"at its {bound}", schema[bound]
    for bound, away in (("minimum", math.floor), ("maximum", math.ceil)):
        if not whole and bound in schema and away(schema[bound]) != schema[bound]:
            yield f"the whole number beyond its {bound}", away(schema[bound])
    if whole:
        yield "more than a computer counts", 10**20
    if "enum" in schema or "const" in schema:
        yield "an unknown word", "Unknown"
        yield "a word in another case", str(value).swapcase()
    if "pattern" in schema:
        yield "of another form", "[Not so!]"
    if schema.get("minLength") or schema.get("minItems"):
        yield "empty", type(value)()
    yield from _lengths(schema, value, longer=1)


def _lengths(schema: Object, value: Any, *, longer: int) -> Iterator[tuple[str, Any]]:
    told = "longer than it may be" if longer else "as long as it may be"
    if "maxLength" in schema:
        yield told, value + "a" * (schema["maxLength"] - len(value) + longer)
    if "maxItems" in schema:
        yield told, [value[0]] * (schema["maxItems"] + longer)
    if "maxProperties" in schema:
        yield told, {f"{KEY}-{number}": value[KEY] for number in range(schema["maxProperties"] + longer)}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
