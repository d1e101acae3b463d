"""What may be changed about an object that is there: for every field, changed, removed and added."""

from collections.abc import Callable
from typing import Any

import pytest

from embtune_api.resources import KINDS
from integration.api.edits import edits_of
from integration.api.examples import FULL, SHORTEST, changed
from integration.api.fields import Field, Path, fields_of
from integration.api.recipes import Object
from integration.api.server import Server
from integration.api.verdicts import read, spec_of

Stored = Callable[[Object], Object]
MUTABLE = {
    "FineTuneJob": {"suspend", "ttlSecondsAfterFinished"},
    "ModelVersion": {"deletionPolicy"},
    "EmbeddingModel": {"release", "template", "concurrencyPolicy"},
}
NEVER_EDITED = {
    "spec.data.split.testFrom",  # needed, and no time with a letter more
    "spec.training.preset",
    "spec.evaluation.suites[1].kind",
    "spec.evaluation.suites[1].name",  # these two fit each other
    "spec.evaluation.slices[0].by",  # and so does what stands beside it
    "spec.promotion.gates[0].metric",
    "spec.evaluation.suites[1].classification.reference.uri",  # whose header is for a name that ends with .csv
    "spec.candidates[0].training.tune.documentEncoder",  # the other word is not for candidates
    "spec.data.build.negatives",  # with a category, or without
}


@pytest.fixture(scope="module")
def stored(server: Server) -> Stored:
    """Stores a document, once, under a name of its own; returns the document with that name and its resourceVersion."""
    names: dict[str, Object] = {}

    def store(document: Object) -> Object:
        key = repr((document["kind"], document["spec"]))
        if key not in names:
            name = f"stored-{len(names)}"
            version = server.create(placed(document, {"name": name}))["metadata"]["resourceVersion"]
            names[key] = placed(document, {"name": name, "resourceVersion": version})
        return names[key]

    return store


def placed(document: Object, metadata: Object) -> Object:
    return {**document, "metadata": metadata}


RECIPE_OF_A_LINE: Path = ("spec", "template", "spec")
FIELDS = [
    (kind, field)
    for kind in KINDS
    for field in fields_of(kind)
    if len(field.path) > 1 and field.path[:3] != RECIPE_OF_A_LINE  # all of it is free, and tested in jobs where it is not
]


@pytest.mark.parametrize(("kind", "field"), [pytest.param(*of, id=f"{of[0]} {of[1].dotted}") for of in FIELDS])
def test_every_edit_of_a_field(server: Server, stored: Stored, kind: str, field: Field) -> None:
    for sentence, before, after in edits_of(kind, field):
        there = stored(before)
        answer = server.would_replace(placed(after, there["metadata"]))
        fixed = fixed_fields(kind, before, after)
        assert answer.accepted == (not fixed), f"{sentence}: {answer.message}"
        for name in fixed:
            assert f"spec.{name}: Invalid value: cannot be changed (only" in answer.message


@pytest.mark.parametrize("kind", ["FineTuneJob", "ModelVersion"])
def test_every_fixed_field_is_edited(kind: str) -> None:
    fixed = [field for field in fields_of(kind) if len(field.path) > 1 and field.path[1] not in MUTABLE[kind]]
    leaves = [field for field in fixed if field.schema["type"] not in ("object", "array")]
    never = {
        field.dotted
        for field in leaves
        if not any(fixed_fields(kind, before, after) for _, before, after in edits_of(kind, field))
    }
    assert never == (NEVER_EDITED if kind == "FineTuneJob" else set())


def fixed_fields(kind: str, before: Object, after: Object) -> set[str]:
    """Those of spec that differ and must not, after defaults: a default that is written out is no change."""
    old, new = (read(document) for document in (before, after))
    assert old is not None
    assert new is not None
    one, other = spec_of(old), spec_of(new)
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)} - MUTABLE[kind]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("spec", "suspend"), True, id="suspend"),
        pytest.param(("spec", "ttlSecondsAfterFinished"), 60, id="a time to live"),
        pytest.param(("metadata", "labels"), {"tier": "gold"}, id="labels"),
        pytest.param(("metadata", "annotations"), {"embtune.dev/request": "suspend"}, id="a request"),
    ],
)
def test_what_may_change_of_a_job(server: Server, stored: Stored, path: Path, value: Any) -> None:
    there = stored(SHORTEST["FineTuneJob"])
    answer = server.would_replace(changed(there, path, value))
    assert answer.message == ""


def test_a_refusal_names_every_field_that_was_changed(server: Server, stored: Stored) -> None:
    there = stored(FULL["FineTuneJob"][0])
    edited = changed(changed(there, ("spec", "training", "epochs"), 3), ("spec", "model"), "other")
    message = server.would_replace(edited).message
    assert [field for field in ("model", "training", "data", "runtime") if f"spec.{field}: Invalid" in message] == [
        "model",
        "training",
    ]
    assert "only suspend and ttlSecondsAfterFinished can" in message
