"""Faults: what is wrong with a resource's fields, in words for the person who wrote them."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from embtune_operator.documents import Document, Location

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "string": "a text",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "model": "a mapping of fields",
    "dict": "a mapping of fields",
}

_WORDS: dict[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "missing": lambda _, __: "required, but missing",
    "greater_than_equal": lambda value, limit: f"{value} is below the minimum {limit['ge']}",
    "greater_than": lambda value, limit: f"{value} must be greater than {limit['gt']}",
    "less_than_equal": lambda value, limit: f"{value} is above the maximum {limit['le']}",
    "less_than": lambda value, limit: f"{value} must be less than {limit['lt']}",
    "finite_number": lambda value, _: f"{value} is not a finite number",
    "too_short": lambda _, limit: f"needs at least {limit['min_length']} entries",
    "too_long": lambda _, limit: f"has {limit['actual_length']} entries; at most {limit['max_length']} are allowed",
    "string_too_short": lambda _, limit: f"is shorter than {limit['min_length']} characters",
    "string_too_long": lambda _, limit: f"is longer than {limit['max_length']} characters",
    "string_pattern_mismatch": lambda value, limit: f"{value!r} does not have the form {limit['pattern']}",
    "value_error": lambda _, about: str(about["error"]),
}


@dataclass(frozen=True)
class Fault:
    line: int
    """Counted from 1."""
    field: str
    """`spec.training.epochs`"""
    message: str


def faults_of(error: ValidationError, kind: type[BaseModel], document: Document) -> list[Fault]:
    """Every fault that pydantic found in a document that should be of that kind, in the order of the file."""
    found = [_fault(detail, kind, document) for detail in error.errors(include_url=False)]
    return sorted(found, key=lambda fault: fault.line)


def _fault(detail: ErrorDetails, kind: type[BaseModel], document: Document) -> Fault:
    place = detail["loc"]
    message = _message(detail, kind, place)
    place = _named_in(message, place, document.lines) or place
    whole = f"the {kind.__name__}" if isinstance(document.value, dict) else "the document"
    return Fault(_line(place, document.lines), _path(place) or whole, message)


def _message(detail: ErrorDetails, model: type[BaseModel], place: Location) -> str:
    kind, given, about = detail["type"], detail["input"], detail.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_field(model, place)
    if kind == "literal_error":
        return _unknown_word(given, place, str(about["expected"]))
    if kind in _WORDS:
        return _WORDS[kind](given, about)
    expected = next((words for prefix, words in _KINDS.items() if kind.startswith(f"{prefix}_")), None)
    return f"expected {expected}, got {_shown(given)}" if expected else str(detail["msg"])


def _unknown_field(model: type[BaseModel], place: Location) -> str:
    name, known = str(place[-1]), _fields_at(model, place[:-1])
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6) or [
        k for k in known if k.lower() == name.replace("_", "").lower()
    ]
    hint = f"did you mean {close[0]}?" if close else f"fields here are: {', '.join(known)}" if known else "remove it"
    return f"unknown field; {hint}"


def _unknown_word(given: Any, place: Location, expected: str) -> str:
    words = re.findall(r"'([^']*)'", expected)
    if len(words) == 1:
        return f"expected {words[0]}, got {_shown(given)}"
    what = "unknown loss" if place[-2:] == ("loss", "name") else "unknown value"
    close = difflib.get_close_matches(str(given), words, n=1, cutoff=0.6)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{what} {_shown(given)}; {hint}choose one of {', '.join(words)}"


def _fields_at(kind: type[BaseModel], place: Location) -> list[str]:
    """The YAML names of the fields that a mapping may have."""
    model: type[BaseModel] | None = kind
    for part in place:
        if isinstance(part, int) or model is None:
            continue
        field = next((f for name, f in model.model_fields.items() if part in (f.alias, name)), None)
        model = _model_in(field.annotation) if field else None
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model inside `Model | None`, `list[Model]` or `Annotated[…]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(argument) for argument in getattr(annotation, "__args__", ()))
    return next((model for model in inner if model), None)


def _named_in(message: str, place: Location, lines: Mapping[Location, int]) -> Location | None:
    """A rule over several fields names the one to look at, relative to where the rule stands."""
    for path in re.findall(r"[A-Za-z]+(?:\[[0-9]+\])?(?:\.[A-Za-z]+(?:\[[0-9]+\])?)+", message):
        parts = tuple(int(index) if index else name for name, index in re.findall(r"([A-Za-z]+)|\[([0-9]+)\]", path))
        if (*place, *parts) in lines:
            return (*place, *parts)
    return None


def _line(place: Location, lines: Mapping[Location, int]) -> int:
    """The line of the place, or of the nearest mapping around it."""
    while place not in lines:
        place = place[:-1]
    return lines[place]


def _path(place: Location) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place).lstrip(".")


def _shown(given: Any) -> str:
    if isinstance(given, dict | list):
        return "a mapping" if isinstance(given, dict) else "a list"
    if given is None:
        return "nothing"
    text = str(given).lower() if isinstance(given, bool) else repr(given)
    return text if len(text) <= 60 else text[:57] + "…"
