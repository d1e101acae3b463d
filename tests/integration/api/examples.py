"""Good documents of each kind. Together, those of a kind hold every field that a good document can have."""

import copy
import itertools
from typing import Any

from integration.api.fields import KEY, Path
from integration.api.recipes import RECIPES, SHORT, Object

SHA = "0123456789abcdef" * 4


def _document(kind: str, name: str, spec: Object) -> Object:
    return {"apiVersion": "embtune.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _line(recipe: Object) -> Object:
    release = {"policy": "Manual", "pin": 3}
    return {"release": release, "template": {"labels": {KEY: "low"}, "spec": recipe}, "concurrencyPolicy": "Replace"}


SHORTEST: dict[str, Object] = {
    "FineTuneJob": _document("FineTuneJob", "short", {"model": "search", **SHORT}),
    "ModelVersion": _document("ModelVersion", "short", {"model": "search", "uri": "s3://models/minilm"}),
    "EmbeddingModel": _document("EmbeddingModel", "short", {"template": {"spec": SHORT}}),
}
FULL: dict[str, list[Object]] = {
    "FineTuneJob": [
        _document("FineTuneJob", f"full-{number}", {"model": "search", **recipe}) for number, recipe in enumerate(RECIPES)
    ],
    "ModelVersion": [
        _document(
            "ModelVersion",
            "full-0",
            {"model": "search", "version": 3, "digest": SHA, "job": "search-3", "deletionPolicy": "Delete"},
        ),
        _document(
            "ModelVersion",
            "full-1",
            {"model": "search", "uri": "hf://org/model", "secretRef": {"name": "hub"}, "profile": "gpu-small"},
        ),
    ],
    "EmbeddingModel": [_document("EmbeddingModel", f"full-{number}", _line(recipe)) for number, recipe in enumerate(RECIPES)],
}


def value_at(document: Object, path: Path) -> Any:
    """KeyError or IndexError when there is none."""
    found: Any = document
    for part in path:
        found = found[part]
    return found


def changed(document: Object, path: Path, value: Any) -> Object:
    """A copy with that value there; what is missing on the way is made."""
    made = copy.deepcopy(document)
    at: Any = made
    for part, following in itertools.pairwise(path):
        at = _entered(at, part, [] if isinstance(following, int) else {})
    if isinstance(at, list) and not at:
        at.append(value)
    else:
        at[path[-1]] = value
    return made


def without(document: Object, path: Path) -> Object:
    made = copy.deepcopy(document)
    del value_at(made, path[:-1])[path[-1]]
    return made


def _entered(at: Any, part: str | int, empty: Any) -> Any:
    if isinstance(at, list):
        at.extend(copy.deepcopy(empty) for _ in range(len(at), int(part) + 1))
        return at[int(part)]
    return at.setdefault(part, empty)
