"""The files in `crds/` are what the models say, and no more than an API server can take."""

import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from embtune_api.crd.definition import definitions
from embtune_api.crd.schema import Schema

ROOT = Path(__file__).resolve().parents[2]
GENERATE = ROOT / "crds" / "generate.py"
NOT_STRUCTURAL = {
    "$ref",
    "$defs",
    "anyOf",
    "oneOf",
    "allOf",
    "const",
    "title",
    "patternProperties",
    "propertyNames",
    "prefixItems",
}


def test_the_files_are_what_the_models_say() -> None:
    checked = subprocess.run([sys.executable, GENERATE, "--check"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout + checked.stderr) == (0, ""), "run `make generate`"


def test_a_drift_is_shown_as_a_diff(tmp_path: Path) -> None:
    script = tmp_path / "generate.py"
    script.write_text(GENERATE.read_text())
    assert subprocess.run([sys.executable, script], check=False).returncode == 0
    file = tmp_path / "embtune.dev_finetunejobs.yaml"
    file.write_text(file.read_text().replace("shortNames:\n    - ftj", "shortNames:\n    - job"))
    (tmp_path / "embtune.dev_olds.yaml").write_text("old: true\n")
    checked = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    changes = [line for line in checked.stdout.splitlines() if line[:1] in "+-" and line[:3] not in ("+++", "---")]
    assert (checked.returncode, changes) == (1, ["-    - job", "+    - ftj", "-old: true"])


def test_files_and_definitions_are_the_same_after_a_round_trip() -> None:
    yaml = YAML(typ="safe", pure=True)
    written = [yaml.load(file) for file in sorted((ROOT / "crds").glob("*.yaml"))]
    assert written == sorted(definitions(), key=lambda definition: definition["metadata"]["name"])


@pytest.mark.parametrize("definition", [pytest.param(made, id=made["metadata"]["name"]) for made in definitions()])
def test_a_schema_has_only_what_structural_schemas_have(definition: Schema) -> None:
    root = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert {word for schema in schemas_in(root) for word in schema.keys() & NOT_STRUCTURAL} == set()
    assert all(("type" in schema) != schema.get("x-kubernetes-int-or-string", False) for schema in schemas_in(root))
    assert not any("default" in schema for schema in schemas_in(root["properties"]["status"]))


@pytest.mark.parametrize("definition", [pytest.param(made, id=made["metadata"]["name"]) for made in definitions()])
def test_kubectl_explain_has_something_to_say_about_every_field_that_people_write(definition: Schema) -> None:
    root = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    undescribed = [
        name
        for schema in schemas_in(root["properties"]["spec"])
        for name, field in schema.get("properties", {}).items()
        if not field.get("description")
    ]
    assert undescribed == []


def schemas_in(schema: Schema) -> list[Schema]:
    inner = [
        *schema.get("properties", {}).values(),
        *(schema[word] for word in ("items", "additionalProperties") if word in schema),
    ]
    return [schema, *(found for each in inner for found in schemas_in(each))]
