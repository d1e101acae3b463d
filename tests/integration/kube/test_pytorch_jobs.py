"""PyTorchJobs under the real training operator; only the kubelet is played by the tests."""

from __future__ import annotations

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from embtune_api.status import FineTuneJobStatus
from embtune_operator.kube.kinds import POD
from servers.control_plane import running_control_plane
from servers.fixtures import need
from servers.training_operator import running_training_operator
from support.kube_children import NOON, a_child

from .conftest import STARTED, Place, as_kubelet, install_kinds, new_place, pods_of, terminated, until_ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embtune_api.resources import FineTuneJob
    from embtune_operator.kube.api import Object
    from embtune_operator.kube.cluster import KubeCluster
    from servers.control_plane import ControlPlane


@pytest.fixture(scope="module")
def kubeflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of its own: elsewhere there are no PyTorchJobs."""
    need("kubernetes")
    need("training-operator")
    if os.geteuid() != 0:
        pytest.skip("the training operator needs a /tmp of its own: run as root")
    folder = tmp_path_factory.mktemp("kubeflow")
    with running_control_plane(folder / "plane") as plane:
        install_kinds(plane)
        with running_training_operator(plane, folder):
            yield plane


@pytest.fixture
def place(kubeflow: ControlPlane) -> Iterator[Place]:
    with new_place(kubeflow) as made:
        yield made


async def launched(cluster: KubeCluster, job: FineTuneJob, nodes: int) -> list[Object]:
    """The pods of a training, by rank, with their containers started on a node that does not exist."""
    await cluster.create(job, a_child(job, "train"))
    pods = sorted(await pods_of(cluster, job.metadata.namespace, nodes), key=lambda pod: str(pod["metadata"]["name"]))
    for pod in pods:
        await bind(cluster, pod)
        await as_kubelet(cluster, pod, STARTED, phase="Running")
    return pods


async def bind(cluster: KubeCluster, pod: Object) -> None:
    """From then on it takes a kubelet, or force, to end it."""
    names = {"namespace": pod["metadata"]["namespace"], "name": pod["metadata"]["name"]}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": names, "target": {"kind": "Node", "name": "ghost"}}
    path = POD.path(names["namespace"], names["name"], "binding")
    status, answer = await cluster.api.connection.request("POST", path, body=body, seconds=10)
    assert status == 201, answer


async def until_deleted(cluster: KubeCluster, pod: Object) -> None:
    """Its deletion has been asked for."""
    for _ in range(100):
        found = await cluster.api.get(POD, pod["metadata"]["namespace"], pod["metadata"]["name"])
        if found is None or "deletionTimestamp" in found["metadata"]:
            return
        await asyncio.sleep(0.1)
    raise AssertionError("nobody deleted it within 10 seconds")


def end_by_force(place: Place, pod: Object) -> None:
    place.kubectl("delete", "pod", pod["metadata"]["name"], "--force", "--grace-period=0")


def test_a_training_on_two_nodes_from_its_start_to_its_end(place: Place) -> None:
    job = place.job(nodes=2, processesPerNode=2)
    name = a_child(job, "train").name

    async def scenario(cluster: KubeCluster) -> None:
        assert (await cluster.launch(job)).launcher == "PyTorchJob"
        first, second = await launched(cluster, job, 2)
        assert [pod["metadata"]["name"] for pod in (first, second)] == [f"{name}-worker-0", f"{name}-worker-1"]
        (running,) = await cluster.children(job)
        assert (running.state, running.started_at, running.step) == ("Running", NOON, "train")
        for pod in (first, second):
            await as_kubelet(cluster, pod, terminated(0, reason="Completed"), phase="Succeeded")
        assert (await until_ended(cluster, job)).state == "Succeeded"
        await cluster.delete(job, name)
        assert await cluster.children(job) == []

    place.run(scenario)


def test_what_the_training_operator_makes_of_a_training(place: Place) -> None:
    job = place.job(nodes=2, processesPerNode=2)
    name = a_child(job, "train").name
    pods = place.run(lambda cluster: launched(cluster, job, 2))
    spec = pods[1]["spec"]
    (container,) = spec["containers"]
    names = [entry["name"] for entry in container["env"] if entry["name"] != "PYTHONUNBUFFERED"]
    assert len(set(names)) == len(names)
    given = {entry["name"]: entry.get("value") for entry in container["env"]}
    assert {key: given[key] for key in ("PET_NNODES", "PET_NPROC_PER_NODE", "MASTER_ADDR", "MASTER_PORT")} == {
        "PET_NNODES": "2",
        "PET_NPROC_PER_NODE": "2",
        "MASTER_ADDR": f"{name}-worker-0",
        "MASTER_PORT": "29400",
    }
    assert "initContainers" not in spec
    assert spec["restartPolicy"] == "Never"
    assert pods[1]["metadata"]["labels"]["training.kubeflow.org/replica-index"] == "1"
    services = {service["metadata"]["name"]: service["spec"] for service in place.items("services")}
    assert services.keys() == {f"{name}-worker-0", f"{name}-worker-1"}
    assert services[f"{name}-worker-0"]["clusterIP"] == "None"
    assert {port["port"] for port in services[f"{name}-worker-0"]["ports"]} == {29400, 9091}


def test_a_failed_worker_ends_the_others_and_leaves_its_reason(place: Place) -> None:
    job = place.job(nodes=2)

    async def scenario(cluster: KubeCluster) -> None:
        peer, culprit = await launched(cluster, job, 2)
        await as_kubelet(cluster, culprit, terminated(137, reason="OOMKilled"), phase="Failed")
        await until_deleted(cluster, peer)
        (ending,) = await cluster.children(job)
        assert ending.state == "Running"
        end_by_force(place, peer)
        ended = await until_ended(cluster, job)
        assert (ended.state, ended.reason, ended.exit_code) == ("Failed", "OutOfMemory", 137)
        assert [pod["metadata"]["name"] for pod in await cluster.api.list(POD, place.namespace)] == [culprit["metadata"]["name"]]

    place.run(scenario)


def test_a_deleted_worker_is_the_reason_though_its_peer_failed_in_its_wake(place: Place) -> None:
    job = place.job(nodes=2)

    async def scenario(cluster: KubeCluster) -> None:
        peer, victim = await launched(cluster, job, 2)
        place.kubectl("delete", "pod", victim["metadata"]["name"], "--wait=false")
        await cluster.children(job)
        late = terminated(1, "gloo: connection closed by peer", finished=datetime.now(UTC) + timedelta(seconds=30))
        await as_kubelet(cluster, peer, late, phase="Failed")
        end_by_force(place, victim)
        ended = await until_ended(cluster, job)
        assert (ended.state, ended.reason) == ("Failed", "Deleted")

    place.run(scenario)


def test_a_training_goes_on_where_it_was_launched_when_pytorch_jobs_come_later(place: Place) -> None:
    job = place.job(nodes=2)

    async def scenario(cluster: KubeCluster) -> None:
        launch = (await cluster.launch(job)).model_copy(update={"launcher": "IndexedJob"})
        before = job.model_copy(update={"status": FineTuneJobStatus(launch=launch)})
        await cluster.create(before, a_child(job, "train"))
        assert (await cluster.children(before))[0].state == "Queued"

    place.run(scenario)
    assert len(place.items("jobs")) == 1
    assert place.items("pytorchjobs") == []


def test_a_pytorch_job_is_allowed_by_its_schema(place: Place) -> None:
    job = place.job(nodes=2, gpusPerNode=1)
    place.run(lambda cluster: cluster.create(job, a_child(job, "train")))
    (made,) = place.items("pytorchjobs")
    for given in ("managedFields", "uid", "resourceVersion", "creationTimestamp", "generation"):
        made["metadata"].pop(given, None)
    made["metadata"]["name"] = "again"
    place.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=json.dumps(made))
    template = made["spec"]["pytorchReplicaSpecs"]["Worker"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {**template["metadata"], "name": "dry"}}
    place.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=json.dumps(pod))
