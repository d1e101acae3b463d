"""What people see with kubectl; and files, as kubectl and `embtune validate --cluster` read them."""

import json
import subprocess
from pathlib import Path

import pytest

from embtune_api.errors import InvalidInput
from embtune_operator.jobfile import load_resources
from integration.api.examples import SHA, SHORTEST
from integration.api.recipes import Object
from integration.api.server import Server

JOB = """\
apiVersion: embtune.dev/v1alpha1
kind: FineTuneJob
metadata: {name: written}
spec:
  model: search
  baseModel: {uri: "hf://org/model"}
  data: {train: [{uri: "s3://datasets/train.jsonl", columns: {anchor: question, positive: answer}}]}
  training: {epochs: 1, learningRate: 5e-5}
  suspend: false
"""

# sentence: (what stands in the file, what stands there instead, whether it is good)
FILES: dict[str, tuple[str, str, bool]] = {
    "the file as it is": ("epochs: 1", "epochs: 1", True),
    "a whole number with a point": ("epochs: 1", "epochs: 1.0", True),
    "a whole number with an exponent": ("epochs: 1", "epochs: 1e1", True),
    "a fraction": ("epochs: 1", "epochs: 1.5", False),
    "an octal number within the bounds": ("epochs: 1", "epochs: 0144", True),
    "a number with quotes": ("epochs: 1", 'epochs: "1"', False),
    "a number that is none": ("5e-5", ".nan", False),
    "a number without end": ("5e-5", ".inf", False),
    "a yes for a truth": ("suspend: false", "suspend: yes", True),
    "an off for a truth": ("suspend: false", "suspend: off", True),
    "a truth in quotes": ("suspend: false", 'suspend: "false"', False),
    "a column called no": ("question", "no", False),
    "a column called no, in quotes": ("question", '"no"', True),
    "a column that is a number": ("question", "2026", False),
    "a column that is a date": ("question", "2026-01-01", True),
    "a field without a value": ("epochs: 1", "epochs: ~", True),
    "a required field without a value": ("model: search", "model: ~", False),
    "broken YAML": ("epochs: 1", "epochs: {", False),
    "an unknown kind": ("kind: FineTuneJob", "kind: FinetuneJob", False),
    "another version of the API": ("v1alpha1", "v1", False),
}


@pytest.mark.parametrize("sentence", FILES)
def test_a_file(server: Server, tmp_path: Path, sentence: str) -> None:
    old, new, good = FILES[sentence]
    assert old in JOB
    file = tmp_path / "job.yaml"
    file.write_text(JOB.replace(old, new, 1))
    assert kubectl_accepts(server, file) == good
    assert validate_accepts(file) == good


def test_a_field_that_is_given_twice_is_told_since_kubectl_silently_takes_the_last(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "job.yaml"
    file.write_text(JOB.replace("  model: search\n", "  model: search\n  model: other\n"))
    assert kubectl_accepts(server, file)
    assert not validate_accepts(file)


def kubectl_accepts(server: Server, file: Path) -> bool:
    try:
        server.plane.kubectl("create", "--dry-run=server", "--validate=strict", "-n", server.namespace, "-f", file)
    except subprocess.CalledProcessError:
        return False
    return True


def validate_accepts(file: Path) -> bool:
    try:
        load_resources(file, cluster=True)
    except InvalidInput:
        return False
    return True


STATUSES: dict[str, Object] = {
    "FineTuneJob": {
        "phase": "Training",
        "score": "ndcg@10 0.730",
        "progress": {"percent": 41.7},
        "verdict": {"outcome": "Passed", "reason": "All gates passed."},
        "modelVersion": {"name": "search-v3", "version": 3, "digest": SHA, "stage": "Production"},
    },
    "ModelVersion": {"version": 3, "stage": "Production", "score": "ndcg@10 0.730", "verdict": "Passed"},
    "EmbeddingModel": {
        "production": {"version": 3, "digest": SHA},
        "previous": {"version": 2, "digest": SHA},
        "latestJob": {"name": "search-4", "templateHash": "abc", "phase": "Queued"},
    },
}
SHOWN = {
    "ftj": (
        "NAME MODEL PHASE PROGRESS SCORE VERDICT VERSION STAGE AGE",
        "shown search Training 41 ndcg@10 0.730 Passed 3 Production",
    ),
    "mv": ("NAME MODEL VERSION STAGE SCORE VERDICT AGE", "shown search 3 Production ndcg@10 0.730 Passed"),
    "em": ("NAME PRODUCTION PREVIOUS PIN LATEST JOB JOB PHASE AGE", "shown 3 2 1 search-4 Queued"),
}


@pytest.fixture(scope="module")
def shown(server: Server) -> Server:
    """One object of each kind, with a status, in a namespace of its own."""
    with Server(server.plane, "shown") as there:
        for kind, status in STATUSES.items():
            document = {**SHORTEST[kind], "metadata": {"name": "shown"}}
            if kind == "EmbeddingModel":
                document["spec"] = {**document["spec"], "release": {"pin": 1}}
            there.create(document)
            head = {"apiVersion": document["apiVersion"], "kind": kind, "metadata": {"name": "shown"}}
            assert there.apply_status({**head, "status": status}).message == ""
    return there


@pytest.mark.parametrize("short", SHOWN)
def test_a_person_sees_what_a_person_wants(shown: Server, short: str) -> None:
    header, row = shown.plane.kubectl("get", short, "-n", shown.namespace).splitlines()
    wanted_header, wanted_row = SHOWN[short]
    assert " ".join(header.split()) == wanted_header
    assert " ".join(row.split()).startswith(wanted_row)


def test_one_category_shows_all_kinds(shown: Server) -> None:
    assert shown.plane.kubectl("get", "embtune", "-n", shown.namespace, "-o", "name").split() == [
        "embeddingmodel.embtune.dev/shown",
        "finetunejob.embtune.dev/shown",
        "modelversion.embtune.dev/shown",
    ]


@pytest.mark.parametrize(
    ("short", "selector", "found"),
    [
        ("mv", "status.stage=Production,spec.model=search", 1),
        ("mv", "status.stage=Candidate", 0),
        ("mv", "spec.model=other", 0),
        ("ftj", "spec.model=search,status.phase=Training", 1),
        ("ftj", "status.phase=Succeeded", 0),
    ],
)
def test_objects_are_selected_by_model_stage_and_phase(shown: Server, short: str, selector: str, found: int) -> None:
    listed = json.loads(shown.plane.kubectl("get", short, "-A", "--field-selector", selector, "-o", "json"))["items"]
    assert len([item for item in listed if item["metadata"]["namespace"] == shown.namespace]) == found


def test_fields_are_explained(shown: Server) -> None:
    told = shown.plane.kubectl("explain", "ftj.spec.training.batchSize")
    assert "Rows in a global batch: the same whatever the number of processes." in " ".join(told.split())
