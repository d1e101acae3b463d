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
        broken = bare.job("broken")
        broken["spec"]["training"] = {"epochs": "many"}
        eventually(20, lambda: applied(bare.plane, broken), operator)
        bare.plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", CRDS)
        bare.plane.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        eventually(40, operator.ready, operator)
        eventually(20, lambda: bare.phases()["broken"] == "Failed", operator)
        [job] = bare.objects("finetunejobs")
        [condition] = [c for c in job["status"]["conditions"] if c["type"] == "Failed"]
        assert condition["reason"] == "InvalidObject"
        assert "spec.training.epochs" in condition["message"]
        written = job["metadata"]["resourceVersion"]
        bare.submit("sound")
        eventually(40, lambda: bare.phases()["sound"] == "Succeeded", operator)
        [unchanged] = [job for job in bare.objects("finetunejobs") if job["metadata"]["name"] == "broken"]
        assert unchanged["metadata"]["resourceVersion"] == written


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
