"""What a model says about itself that only an API server asks: CEL rules, printer columns, keys of lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, JsonValue

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Rule:
    """An entry of `x-kubernetes-validations`."""

    cel: str
    message: str
    field: str = ""
    """The field to blame, relative to the model: `data.train`; empty: the model's own place."""
    message_cel: str = ""
    """A CEL expression for a message with values in it; `message` is for API servers that cannot evaluate it."""

    def as_dict(self) -> dict[str, Any]:
        entry = {"rule": self.cel, "message": self.message}
        if self.message_cel:
            entry["messageExpression"] = self.message_cel
        if self.field:
            entry["fieldPath"] = f".{self.field}"
        return entry


@dataclass(frozen=True)
class Column:
    """One that `kubectl get` shows; priority 1 only with `-o wide`."""

    name: str
    path: str
    type: Literal["string", "integer", "number", "date"] = "string"
    priority: Literal[0, 1] = 0

    def as_dict(self) -> dict[str, Any]:
        return {"name": self.name, "type": self.type, "jsonPath": self.path, "priority": self.priority}


@dataclass(frozen=True)
class Names:
    """How a kind is called, listed and found."""

    plural: str
    short: str
    columns: tuple[Column, ...]
    selectable: tuple[str, ...] = ()
    """Paths of fields that `--field-selector` understands."""


def cel(rule: str, message: str, *, field: str = "", message_cel: str = "") -> Callable[[F], F]:
    """Give a model's validator its twin, for the API server. Both say the same; tests put the same specs through both."""

    def mark(validator: F) -> F:
        validator.__cel__ = Rule(rule, message, field, message_cel)  # type: ignore[attr-defined]
        return validator

    return mark


def keyed_by(*names: str) -> dict[str, JsonValue]:
    """For `json_schema_extra`: entries of the list are told apart by these fields."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [*names]}


def rules_of(model: type[BaseModel]) -> list[Rule]:
    """The twins of the model's validators, inherited ones too; then the rules about changes, which need an API server."""
    decorators = model.__pydantic_decorators__
    on_fields = [validator.func for validator in decorators.field_validators.values()]
    on_models = [validator.func for validator in decorators.model_validators.values()]
    twins = [validator.__cel__ for validator in (*on_fields, *on_models) if hasattr(validator, "__cel__")]
    return twins + _unchangeable(model)


def _unchangeable(model: type[BaseModel]) -> list[Rule]:
    """A rule for each field that is fixed, at the model's root: there it also sees a field that is added or removed."""
    mutable: frozenset[str] | None = getattr(model, "mutable_fields", None)
    if mutable is None:
        return []
    names = {field.alias or name: field for name, field in model.model_fields.items()}
    message = f"cannot be changed (only {' and '.join(sorted(mutable))} can): make a new one instead"
    return [
        Rule(_unchanged(name) if field.is_required() else _parity(name), message, name)
        for name, field in names.items()
        if name not in mutable
    ]


def _unchanged(name: str) -> str:
    return f"self.{name} == oldSelf.{name}"


def _parity(name: str) -> str:
    return f"has(self.{name}) == has(oldSelf.{name}) && (!has(self.{name}) || {_unchanged(name)})"
