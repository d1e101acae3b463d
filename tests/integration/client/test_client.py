"""submit, logs, doctor and the registry commands against a real API server; an operator is played where an answer is needed."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from embtune_api.errors import Exit
from embtune_operator.cli.main import cli
from embtune_operator.client.doctor.access import Deed, may
from embtune_operator.client.session import Target, talk
from embtune_operator.kube.api import KubeApi
from servers.control_plane import ControlPlane

JOB = """\
apiVersion: embtune.dev/v1alpha1
kind: FineTuneJob
metadata: {name: tldr-1}
spec:
  model: tldr
  baseModel: {uri: "s3://models/minilm"}
  data: {train: [{uri: "s3://datasets/train.jsonl"}]}
"""
NOW = "2026-01-01T12:00:00Z"


@pytest.fixture
def namespace(embtune_plane: ControlPlane, request: pytest.FixtureRequest) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", request.node.name.lower())[:50].strip("-")
    embtune_plane.kubectl("create", "namespace", name)
    return str(name)


@pytest.fixture
def job_file(tmp_path: Path) -> Path:
    file = tmp_path / "job.yaml"
    file.write_text(JOB)
    return file


def embtune(plane: ControlPlane, *arguments: object) -> Result:
    """The command, as a user would type it; errors stay errors."""
    command = [str(argument) for argument in arguments]
    return CliRunner().invoke(cli, [*command, "--kubeconfig", str(plane.kubeconfig)], standalone_mode=False)


def set_status(plane: ControlPlane, namespace: str, kind: str, name: str, status: dict[str, Any]) -> None:
    """What the operator would write."""
    patch = json.dumps({"status": status})
    plane.kubectl("-n", namespace, "patch", kind, name, "--subresource=status", "--type=merge", "-p", patch)


def condition(kind: str, reason: str, message: str) -> dict[str, str]:
    return {"type": kind, "status": "True", "reason": reason, "message": message, "lastTransitionTime": NOW}


@contextmanager
def meanwhile(action: Callable[[], None]) -> Iterator[None]:
    """Do something beside the body; its failure is the test's."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            action()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        thread.join(60)
    if failures:
        raise failures[0]


def test_a_job_is_created_once(embtune_plane: ControlPlane, namespace: str, job_file: Path) -> None:
    first = embtune(embtune_plane, "submit", job_file, "-n", namespace)
    assert first.exception is None, first.exception
    assert f"tldr-1 created in namespace {namespace}" in first.stderr
    assert f"tldr-1 unchanged in namespace {namespace}" in embtune(embtune_plane, "submit", job_file, "-n", namespace).stderr
    job_file.write_text(f"{JOB}  suspend: true\n")
    assert "configured" in embtune(embtune_plane, "submit", job_file, "-n", namespace).stderr
    found = json.loads(embtune_plane.kubectl("-n", namespace, "get", "ftj", "tldr-1", "-o", "json"))
    assert found["spec"]["suspend"] is True


def test_another_spec_under_the_same_name_is_refused(embtune_plane: ControlPlane, namespace: str, job_file: Path) -> None:
    embtune(embtune_plane, "submit", job_file, "-n", namespace)
    job_file.write_text(JOB.replace("minilm", "mpnet"))
    refused = embtune(embtune_plane, "submit", job_file, "-n", namespace)
    assert "choose a new metadata.name" in str(refused.exception)


def test_a_namespace_that_is_not_there(embtune_plane: ControlPlane, job_file: Path) -> None:
    refused = embtune(embtune_plane, "submit", job_file, "-n", "nowhere")
    assert "nowhere" in str(refused.exception)


@pytest.mark.parametrize(
    ("outcome", "code"), [("Passed", Exit.OK), ("Rejected", Exit.NOT_PROMOTED), ("Inconclusive", Exit.NOT_PROMOTED)]
)
def test_watching_ends_with_the_verdict(
    embtune_plane: ControlPlane, namespace: str, job_file: Path, outcome: str, code: Exit
) -> None:
    status = {
        "phase": "Succeeded",
        "conditions": [condition("Complete", outcome, "tldr v1 is published")],
        "verdict": {"outcome": outcome, "reason": "because", "gates": []},
    }

    def play_the_operator() -> None:
        wait_for(lambda: "tldr-1" in embtune_plane.kubectl("-n", namespace, "get", "ftj", "-o", "name"))
        set_status(
            embtune_plane, namespace, "ftj", "tldr-1", {"phase": "Training", "progress": {"percent": 10, "message": "going"}}
        )
        time.sleep(1.5)
        set_status(embtune_plane, namespace, "ftj", "tldr-1", status)

    with meanwhile(play_the_operator):
        ended = embtune(embtune_plane, "submit", job_file, "--watch", "-n", namespace)
    assert ended.return_value == code
    assert "tldr v1 is published" in ended.output
    assert "going" in ended.stderr


def test_a_failed_job_says_why(embtune_plane: ControlPlane, namespace: str, job_file: Path) -> None:
    embtune(embtune_plane, "submit", job_file, "-n", namespace)
    failed = {"phase": "Failed", "conditions": [condition("Failed", "OutOfMemory", "train: it was killed; lower batchSize")]}
    set_status(embtune_plane, namespace, "ftj", "tldr-1", failed)
    ended = embtune(embtune_plane, "submit", job_file, "--watch", "-n", namespace)
    assert ended.return_value == Exit.FAILED
    assert "lower batchSize" in ended.stderr


def test_a_job_without_pods_has_no_logs(embtune_plane: ControlPlane, namespace: str, job_file: Path) -> None:
    embtune(embtune_plane, "submit", job_file, "-n", namespace)
    assert "has no pods now (phase Pending)" in str(embtune(embtune_plane, "logs", "tldr-1", "-n", namespace).exception)
    assert "there is no FineTuneJob other" in str(embtune(embtune_plane, "logs", "other", "-n", namespace).exception)


VERSION = """\
apiVersion: embtune.dev/v1alpha1
kind: ModelVersion
metadata: {name: tldr-v1}
spec: {model: tldr, version: 1, digest: DIGEST}
""".replace("DIGEST", "a" * 64)


@pytest.fixture
def version(embtune_plane: ControlPlane, namespace: str) -> str:
    embtune_plane.kubectl("-n", namespace, "apply", "-f", "-", stdin=VERSION)
    set_status(embtune_plane, namespace, "mv", "tldr-v1", {"stage": "Candidate", "version": 1, "score": "ndcg@10 0.730"})
    return "tldr-v1"


def answering(plane: ControlPlane, namespace: str, name: str, outcome: str, message: str, kind: str = "mv") -> Callable[[], None]:
    """An operator that handles the next wish."""

    def asked() -> str:
        found = json.loads(plane.kubectl("-n", namespace, "get", kind, name, "-o", "json"))
        return str(found["metadata"].get("annotations", {}).get("embtune.dev/request", ""))

    def answer() -> None:
        wait_for(lambda: bool(asked()))
        said = {"value": asked().strip(), "outcome": outcome, "message": message, "at": NOW}
        set_status(plane, namespace, kind, name, {"lastRequest": said})

    return answer


def test_promoting_asks_the_operator(embtune_plane: ControlPlane, namespace: str, version: str) -> None:
    with meanwhile(answering(embtune_plane, namespace, version, "Done", "tldr v1 is in production")):
        done = embtune(embtune_plane, "promote", "tldr@1", "--reason", "by hand", "-n", namespace)
    assert done.exception is None
    assert "tldr v1 is in production" in done.output


def test_a_reason_is_sent_as_it_will_be_echoed(embtune_plane: ControlPlane, namespace: str, version: str) -> None:
    with meanwhile(answering(embtune_plane, namespace, version, "Done", "tldr v1 is in production")):
        done = embtune(embtune_plane, "promote", "tldr@1", "--reason", " by hand\n", "-n", namespace)
    assert done.exception is None
    too_long = embtune(embtune_plane, "promote", "tldr@1", "--reason", "so " * 200, "-n", namespace)
    assert "--reason has 599 characters: a request takes 400" in str(too_long.exception)


@pytest.mark.parametrize("action", ["suspend", "resume"])
def test_a_job_is_suspended_and_resumed_by_request(
    embtune_plane: ControlPlane, namespace: str, job_file: Path, action: str
) -> None:
    embtune(embtune_plane, "submit", job_file, "-n", namespace)
    with meanwhile(answering(embtune_plane, namespace, "tldr-1", "Done", f"as you wish: {action}", kind="ftj")):
        done = embtune(embtune_plane, action, "tldr-1", "--reason", "GPUs", "-n", namespace)
    assert done.exception is None
    assert f"as you wish: {action}" in done.output
    asked = json.loads(embtune_plane.kubectl("-n", namespace, "get", "ftj", "tldr-1", "-o", "json"))
    assert re.fullmatch(rf"{action}/\w+: GPUs", asked["metadata"]["annotations"]["embtune.dev/request"])


def test_a_refused_wish_is_an_error(embtune_plane: ControlPlane, namespace: str, version: str) -> None:
    with meanwhile(answering(embtune_plane, namespace, version, "Refused", "v1 was rejected: force it")):
        refused = embtune(embtune_plane, "promote", "tldr@1", "-n", namespace)
    assert "v1 was rejected" in str(refused.exception)


def test_versions_of_a_line_are_listed(embtune_plane: ControlPlane, namespace: str, version: str) -> None:
    listed = embtune(embtune_plane, "versions", "tldr", "-n", namespace)
    assert [part in listed.output for part in (version, "Candidate", "ndcg@10 0.730")] == [True] * 3
    assert json.loads(embtune(embtune_plane, "versions", "tldr", "-n", namespace, "--json").output)[0]["spec"]["version"] == 1


def test_the_namespace_of_the_context_is_looked_at(
    embtune_plane: ControlPlane, namespace: str, version: str, tmp_path: Path
) -> None:
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(embtune_plane.kubeconfig.read_text())
    embtune_plane.kubectl("config", "set-context", "--current", f"--namespace={namespace}", "--kubeconfig", kubeconfig)
    listed = CliRunner().invoke(cli, ["versions", "tldr", "--kubeconfig", str(kubeconfig)], standalone_mode=False)
    assert version in listed.output
    elsewhere = CliRunner().invoke(
        cli, ["versions", "tldr", "-n", "default", "--kubeconfig", str(kubeconfig)], standalone_mode=False
    )
    assert version not in elsewhere.output


def test_nothing_in_production_cannot_be_rolled_back(embtune_plane: ControlPlane, namespace: str, version: str) -> None:
    assert version
    assert "nothing of tldr is in production" in str(embtune(embtune_plane, "rollback", "tldr", "-n", namespace).exception)


def test_the_doctor_of_a_cluster_without_an_operator(embtune_plane: ControlPlane, namespace: str) -> None:
    looked = embtune(embtune_plane, "doctor", "-n", namespace, "--json")
    assert looked.exception is None, looked.exception
    findings = {finding["about"]: finding for finding in json.loads(looked.output)}
    assert looked.return_value == Exit.FAILED
    assert findings["CRDs"]["level"] == "ok"
    assert findings["operator"]["level"] == "error"
    assert "helm install" in findings["operator"]["remedy"]
    assert findings["GPUs"]["level"] == "warning"
    assert findings["namespace"]["level"] == "ok"
    assert findings["your RBAC"]["level"] == "ok"


def test_the_rights_of_a_service_account_are_those_that_it_was_given(embtune_plane: ControlPlane, namespace: str) -> None:
    embtune_plane.kubectl("-n", namespace, "create", "serviceaccount", "worker")
    embtune_plane.kubectl("-n", namespace, "create", "role", "reader", "--verb=get", "--resource=pods/log")
    bound = ("--role=reader", f"--serviceaccount={namespace}:worker")
    embtune_plane.kubectl("-n", namespace, "create", "rolebinding", "reader", *bound)
    account = f"system:serviceaccount:{namespace}:worker"

    async def asked(api: KubeApi, where: str) -> list[bool]:
        return [await may(api, where, Deed("", resource, "get"), account) for resource in ("pods/log", "pods", "secrets")]

    assert talk(Target(embtune_plane.kubeconfig, namespace=namespace), asked) == [True, False, False]


def test_the_doctor_tells_a_stranger_what_they_may_not(embtune_plane: ControlPlane, namespace: str) -> None:
    stranger = embtune_plane.user("stranger")
    looked = CliRunner().invoke(cli, ["doctor", "-n", namespace, "--kubeconfig", str(stranger)], standalone_mode=False)
    assert looked.exception is None, looked.exception
    assert "you may not submit jobs" in " ".join(looked.output.split())


def wait_for(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.2)


def test_no_cluster_at_all(tmp_path: Path) -> None:
    missing = CliRunner().invoke(cli, ["doctor", "--kubeconfig", str(tmp_path / "none")], standalone_mode=False)
    assert "No cluster to talk to" in str(missing.exception)
