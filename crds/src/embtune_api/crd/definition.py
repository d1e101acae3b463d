"""The three CustomResourceDefinitions, as `kubectl apply` takes them."""

from __future__ import annotations

from typing import Any

from embtune_api.crd.schema import structural
from embtune_api.resources import API_VERSION, GROUP, KINDS, EmbeddingModel, FineTuneJob, ModelVersion


def definitions() -> list[dict[str, Any]]:
    return [definition_of(kind) for kind in KINDS.values()]


def definition_of(kind: type[FineTuneJob] | type[ModelVersion] | type[EmbeddingModel]) -> dict[str, Any]:
    names = kind.names
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{names.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.__name__,
                "listKind": f"{kind.__name__}List",
                "plural": names.plural,
                "singular": kind.__name__.lower(),
                "shortNames": [names.short],
                "categories": ["embtune"],
            },
            "versions": [_version(kind)],
        },
    }


def _version(kind: type[FineTuneJob] | type[ModelVersion] | type[EmbeddingModel]) -> dict[str, Any]:
    version: dict[str, Any] = {
        "name": API_VERSION.partition("/")[2],
        "served": True,
        "storage": True,
        "additionalPrinterColumns": [column.as_dict() for column in kind.names.columns],
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": _root(kind)},
    }
    if kind.names.selectable:
        version["selectableFields"] = [{"jsonPath": path} for path in kind.names.selectable]
    return version


def _root(kind: type[FineTuneJob] | type[ModelVersion] | type[EmbeddingModel]) -> dict[str, Any]:
    """`apiVersion`, `kind` and `metadata` are the API server's own, but for bounds on the name."""
    whole = structural(kind)
    status = structural(kind, defaults=False)["properties"]["status"]
    name = whole["properties"]["metadata"]["properties"]["name"]
    return whole | {
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object", "properties": {"name": name}},
            "spec": whole["properties"]["spec"],
            "status": status,
        },
    }
