"""Structural schemas: what an API server can check by itself, from the JSON schema that pydantic makes of a model.

A structural schema has no `$ref`, no `title`, no `const`, no `null` among its types and no `additionalProperties: false`;
OpenAPI 3.0 spells exclusive bounds as flags.
"""

from __future__ import annotations

import re
from typing import Any, get_args

from pydantic import BaseModel

from embtune_api.crd.declare import rules_of

Schema = dict[str, Any]


def structural(model: type[BaseModel], *, defaults: bool = True) -> Schema:
    """The model's schema, with its CEL rules.

    Args:
        defaults: False for a status, which is written whole: what is absent there is the reader's default.
    """
    definitions = {found.__name__: found for found in models_in(model)}
    raw = model.model_json_schema(by_alias=True)
    return _Converter(raw.get("$defs", {}), definitions, defaults).of_model(model, raw)


def models_in(model: type[BaseModel]) -> list[type[BaseModel]]:
    """The model and every model below it, each once."""
    found: dict[type[BaseModel], None] = {}

    def visit(annotation: Any) -> None:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            if annotation not in found:
                found[annotation] = None
                for field in annotation.model_fields.values():
                    visit(field.annotation)
            return
        for argument in get_args(annotation):
            visit(argument)

    visit(model)
    return list(found)


class _Converter:
    def __init__(self, definitions: dict[str, Schema], models: dict[str, type[BaseModel]], defaults: bool) -> None:
        self._definitions = definitions
        self._models = models
        self._defaults = defaults

    def of_model(self, model: type[BaseModel], raw: Schema) -> Schema:
        """Fields in the order in which the model declares them."""
        schema: Schema = {"type": "object"}
        if model.__doc__:
            schema["description"] = _one_line(model.__doc__)
        if raw.get("required"):
            schema["required"] = raw["required"]
        schema["properties"] = {name: self._of_field(model, name, field) for name, field in raw["properties"].items()}
        if rules := rules_of(model):
            schema["x-kubernetes-validations"] = [rule.as_dict() for rule in rules]
        return schema

    def _of_field(self, model: type[BaseModel], alias: str, raw: Schema) -> Schema:
        field = next(field for name, field in model.model_fields.items() if alias in (field.alias, name))
        schema = self._of(raw)
        schema.pop("nullable", None)  # null means absent: the API server drops it
        if self._defaults and not field.is_required() and (default := field.get_default()) is not None:
            schema["default"] = _plain(default)
        return schema

    def _of(self, raw: Schema) -> Schema:
        if "anyOf" in raw:
            return self._of_union(raw)
        if "$ref" in raw:
            name = raw["$ref"].rsplit("/", 1)[1]
            schema = self.of_model(self._models[name], self._definitions[name])
        else:
            schema = self._of_type(raw)
        if "description" in raw:
            schema["description"] = _one_line(raw["description"])
        return schema

    def _of_union(self, raw: Schema) -> Schema:
        kinds = [kind for kind in raw["anyOf"] if kind != {"type": "null"}]
        rest = {name: value for name, value in raw.items() if name != "anyOf"}
        if len(kinds) == 1:
            return {**self._of({**kinds[0], **rest}), "nullable": True}
        if [kind.get("type") for kind in kinds] != ["integer", "string"] or "const" not in kinds[1]:
            raise TypeError(f"a structural schema has no unions, but that of a whole number and a word: {raw}")
        return self._of_number_or_word(kinds[0], kinds[1]["const"], rest)

    def _of_number_or_word(self, number: Schema, word: str, rest: Schema) -> Schema:
        """What Kubernetes calls an int-or-string. Bounds are for the number, the pattern is for the word."""
        bounds = {name: value for name, value in self._of(number).items() if name != "type"}
        either = {"x-kubernetes-int-or-string": True, **bounds, "pattern": f"^{re.escape(word)}$", "maxLength": len(word)}
        return either | ({"description": _one_line(rest["description"])} if "description" in rest else {})

    def _of_type(self, raw: Schema) -> Schema:
        kept = ("type", "format", "enum", "pattern", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum")
        schema = {name: raw[name] for name in kept if name in raw}
        if "const" in raw:
            schema["enum"] = [raw["const"]]
        for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
            if exclusive in raw:
                schema |= {bound: raw[exclusive], exclusive: True}
        if "items" in raw:
            schema["items"] = self._of(raw["items"])
        if "additionalProperties" in raw:
            schema["additionalProperties"] = self._of(raw["additionalProperties"])
        if "maxProperties" in raw:
            schema["maxProperties"] = raw["maxProperties"]
        return schema | {name: value for name, value in raw.items() if name.startswith("x-kubernetes-")}


def _plain(default: Any) -> Any:
    """As somebody would write it: models without what is their own default."""
    if isinstance(default, BaseModel):
        return default.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(default, list | tuple):
        return [_plain(item) for item in default]
    return default


def _one_line(text: str) -> str:
    """Paragraphs stay apart, lines do not."""
    return "\n\n".join(re.sub(r"\s+", " ", paragraph).strip() for paragraph in text.strip().split("\n\n"))
