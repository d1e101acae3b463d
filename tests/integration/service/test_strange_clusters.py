"""Clusters that are not, or not yet, as the operator wants them."""

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CalledProcessError
from typing import Any

import pytest

from servers.control_plane import ControlPlane, running_control_plane
from servers.fixtures import CRDS, need
from support.operated_cluster import Cluster
from support.operator_process import eventually
from support.simulated_node import simulated_node


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster that has never heard of embtune; the store is a folder."""
    need("kubernetes")
    with running_control_plane(tmp_path / "plane", with_controller_manager=False) as plane:
        yield Cluster(plane, "default", str(tmp_path / "store"), {})


def test_it_waits_for_its_kinds_and_tells_what_is_wrong_with_an_object_of_other_rules(bare: Cluster, tmp_path: Path) -> None:
    with bare.operator(tmp_path / "operator") as operator, simulated_node(bare.node()):
        eventually(30, lambda: "waits for the CRDs" in operator.log.read_text(), operator)
        assert not operator.ready()
        assert operator.status("/livez") == 200
        loose(bare.plane)
        for name, epochs in (("unsound", 0), ("garbled", "many")):
            body = bare.job(name)
            body["spec"]["training"] = {"epochs": epochs}
            eventually(20, lambda body=body: applied(bare.plane, body), operator)
        bare.plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", CRDS)
        bare.plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        eventually(40, operator.ready, operator)
        eventually(30, lambda: bare.phases()["unsound"] == "Failed", operator)
        told = {job["metadata"]["name"]: job.get("status", {}) for job in bare.objects("finetunejobs")}
        [condition] = [c for c in told["unsound"]["conditions"] if c["type"] == "Failed"]
        assert condition["reason"] == "InvalidObject"
        assert "spec.training.epochs: 0 is below the minimum 1" in condition["message"]
        [event] = eventually(30, lambda: [e for e in bare.objects("events") if e["reason"] == "InvalidObject"], operator)
        assert event["involvedObject"]["name"] == "garbled"
        assert "spec.training.epochs: expected a whole number, got 'many'" in event["message"]
        bare.submit("sound")
        eventually(40, lambda: bare.phases()["sound"] == "Succeeded", operator)
        assert operator.metric("embtune_queue_depth") == 0


def test_a_kind_that_goes_and_comes_again_is_watched_again(bare: Cluster, tmp_path: Path) -> None:
    bare.plane.kubectl("apply", "--server-side", "-f", CRDS)
    bare.plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    with bare.operator(tmp_path / "operator", watchSeconds=5) as operator, simulated_node(bare.node()):
        eventually(30, operator.ready, operator)
        bare.plane.kubectl("delete", "crd", "embeddingmodels.embtune.dev")
        eventually(60, lambda: "waits for the CRDs of EmbeddingModel" in operator.log.read_text(), operator)
        bare.plane.kubectl("apply", "--server-side", "-f", CRDS)
        eventually(60, operator.ready, operator)
        assert operator.metric("embtune_watch_restarts_total") >= 1
        bare.submit("sound")
        eventually(60, lambda: bare.phases()["sound"] == "Succeeded", operator)


def loose(plane: ControlPlane) -> None:
    """Our kinds, with a FineTuneJob that may hold anything."""
    for file in CRDS.glob("*.yaml"):
        found = json.loads(plane.kubectl("create", "--dry-run=client", "--output=json", "-f", file))
        if found["spec"]["names"]["kind"] == "FineTuneJob":
            anything: dict[str, Any] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
            version = found["spec"]["versions"][0]
            version["schema"] = {"openAPIV3Schema": {"type": "object", "properties": {"spec": anything, "status": anything}}}
            version.pop("selectableFields", None)
            plane.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(found))


def applied(plane: ControlPlane, body: dict[str, Any]) -> bool:
    """Whether the API server knows the kind by now, and has taken the object."""
    try:
        plane.kubectl("create", "--validate=false", "-f", "-", stdin=json.dumps(body))
    except CalledProcessError:
        return False
    return True
