"""What the operator writes into a status is stored as it is, and nothing in it is without bounds."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from embtune_api.resources import KINDS
from embtune_api.status import Condition
from embtune_operator.kube.api import KubeApi
from embtune_operator.kube.kinds import FINETUNEJOB
from integration.api.examples import SHORTEST
from integration.api.fields import Schema, fields_of
from integration.api.recipes import Object
from integration.api.server import Server

NAMES = {kind: f"status-{kind.lower()}" for kind in KINDS}
NOW = "2026-01-01T12:00:00Z"


@pytest.fixture(scope="module", autouse=True)
def there(server: Server) -> Iterator[None]:
    for kind, name in NAMES.items():
        server.create({**SHORTEST[kind], "metadata": {"name": name}})
    yield
    for kind, name in NAMES.items():
        server.plane.kubectl("delete", kind, name, "-n", server.namespace)


@pytest.mark.parametrize("kind", KINDS)
def test_a_status_with_every_field_is_stored_as_it_is(server: Server, kind: str) -> None:
    whole = KINDS[kind].model_json_schema(by_alias=True)
    status = filled(whole["properties"]["status"], whole["$defs"])
    model = KINDS[kind].model_validate({**SHORTEST[kind], "status": status}).status
    assert model is not None
    written = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    answer = server.apply_status(of(kind, written))
    assert answer.message == ""
    assert answer.object["status"] == written


def test_a_metric_without_a_value_stays(server: Server) -> None:
    evaluation = {"candidate": {"test/ndcg@10": None}}
    answer = server.apply_status(of("FineTuneJob", {"evaluation": evaluation}))
    assert answer.object["status"]["evaluation"] == evaluation


async def emptied(kubeconfig: Path, bodies: list[Object]) -> list[Any]:
    api = await KubeApi.connect(kubeconfig)
    try:
        return [(await api.apply_status(FINETUNEJOB, body))["status"].get("evaluation") for body in bodies]
    finally:
        await api.close()


def test_a_mapping_of_a_status_may_become_empty(server: Server) -> None:
    """The API server makes null of it, and refuses that: KubeApi leaves it out."""
    scores: list[Object] = [{"base": {"test/ndcg@10": 0.5}, "champion": {"test/ndcg@10": 0.6}}, {"base": {}}, {}]
    bodies = [of("FineTuneJob", {"phase": "Pending", "evaluation": evaluation}) for evaluation in scores]
    for body in bodies:
        body["metadata"]["namespace"] = server.namespace
    assert server.apply_status(bodies[0]).accepted
    assert "null" in server.apply_status(bodies[1]).message
    assert asyncio.run(emptied(server.plane.kubeconfig, bodies)) == [scores[0], None, None]


@pytest.mark.parametrize(
    ("status", "told"),
    [
        pytest.param({"phase": "Done"}, "status.phase: Unsupported value", id="a phase that there is not"),
        pytest.param({"fase": "Pending"}, "field not declared in schema", id="a field that there is not"),
        pytest.param({"score": "a" * 65}, "status.score: Too long", id="a long score"),
        pytest.param({"conditions": [{"type": "Failed"}]}, "status.conditions[0].status: Required", id="half a condition"),
        pytest.param({"startedAt": "noon"}, "status.startedAt", id="a time that is none"),
        pytest.param({"progress": {"percent": 101}}, "status.progress.percent", id="more than all"),
    ],
)
def test_a_broken_status_is_refused(server: Server, status: Object, told: str) -> None:
    assert told in server.apply_status(of("FineTuneJob", status)).message


def test_a_condition_of_each_type_is_kept_once(server: Server) -> None:
    condition = {"type": "Failed", "status": "True", "reason": "Error", "message": "", "lastTransitionTime": NOW}
    answer = server.apply_status(of("FineTuneJob", {"conditions": [condition, condition]}))
    assert "duplicate entries" in answer.message


def test_a_long_message_is_cut_rather_than_refused() -> None:
    condition = Condition(type="Failed", status="True", reason="Error", message="a" * 3000, last_transition_time=NOW)
    assert condition.message == "a" * 2047 + "…"


@pytest.mark.parametrize("kind", KINDS)
def test_everything_is_bounded(kind: str) -> None:
    unbounded = [field.dotted for root in ("spec", "status") for field in fields_of(kind, root) if not is_bounded(field.schema)]
    assert unbounded == []


def is_bounded(schema: Schema) -> bool:
    needed = {"string": {"maxLength", "enum", "const", "format"}, "array": {"maxItems"}}.get(schema["type"], set())
    if schema.get("additionalProperties"):
        needed = {"maxProperties"}
    return not needed or bool(needed & schema.keys())


def of(kind: str, status: Object) -> Object:
    return {"apiVersion": "embtune.dev/v1alpha1", "kind": kind, "metadata": {"name": NAMES[kind]}, "status": status}


def filled(raw: Schema, definitions: Schema) -> Any:
    """A value with every field that the schema has."""
    if "anyOf" in raw:
        return filled(raw["anyOf"][0], definitions)
    if "$ref" in raw:
        return filled(definitions[raw["$ref"].rsplit("/", 1)[1]], definitions)
    if "properties" in raw:
        return {name: filled(inner, definitions) for name, inner in raw["properties"].items()}
    if isinstance(raw.get("additionalProperties"), dict):
        return {"test/ndcg@10": filled(raw["additionalProperties"], definitions)}
    if raw["type"] == "array":
        return [filled(raw["items"], definitions)]
    return scalar(raw)


def scalar(schema: Schema) -> Any:
    if "enum" in schema:
        return schema["enum"][-1]
    if schema.get("format") == "date-time":
        return NOW
    return {"string": "a" * schema.get("maxLength", 1), "integer": 3, "number": 0.5, "boolean": True}[schema["type"]]
