"""The two launchers, and how one of them is chosen."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import pytest

from embtune_api.errors import InvalidInput
from embtune_api.runtime import Runtime
from embtune_api.status import Attempt, FineTuneJobStatus
from embtune_operator.kube import labels
from embtune_operator.kube.cluster import KubeCluster
from embtune_operator.kube.credentials import StepCredentials
from embtune_operator.kube.indexed_job import build_indexed_job, build_rendezvous_service
from embtune_operator.kube.kinds import JOB, PYTORCHJOB, SERVICE
from embtune_operator.kube.launch import choose_launch, profile_of
from embtune_operator.kube.manifests import build_child
from embtune_operator.kube.platform import Profile
from embtune_operator.kube.pytorch_job import build_pytorch_job
from factories import a_job
from support.kube_children import a_blueprint, a_cluster_job, a_platform

if TYPE_CHECKING:
    from embtune_operator.kube.api import KubeApi
    from embtune_operator.kube.kinds import Kind

QUEUED = {"kueue.x-k8s.io/queue-name": "gpus", "kueue.x-k8s.io/priority-class": "low", "team": "search"}


def environment(template: dict[str, Any]) -> dict[str, Any]:
    (container,) = template["spec"]["containers"]
    return {entry["name"]: entry.get("value") or entry["valueFrom"]["fieldRef"]["fieldPath"] for entry in container["env"]}


def test_a_training_on_two_nodes_as_a_pytorch_job() -> None:
    blueprint = a_blueprint("train", a_cluster_job(nodes=2, processesPerNode=4, labels=QUEUED))
    name, body = blueprint.child.name, build_pytorch_job(blueprint)
    assert body["spec"].keys() == {"nprocPerNode", "runPolicy", "pytorchReplicaSpecs"}
    assert body["spec"]["nprocPerNode"] == "4"
    assert body["spec"]["runPolicy"] == {"cleanPodPolicy": "Running"}
    worker = body["spec"]["pytorchReplicaSpecs"]["Worker"]
    assert (worker["replicas"], worker["restartPolicy"]) == (2, "Never")
    (container,) = worker["template"]["spec"]["containers"]
    assert container["name"] == "pytorch"
    assert {port["name"]: port["containerPort"] for port in container["ports"]} == {"pytorchjob-port": 29400, "metrics": 9091}
    asked = environment(worker["template"])
    assert asked["MASTER_ADDR"] == f"{name}-worker-0"
    assert asked["MASTER_PORT"] == "29400"
    assert asked["PET_NODE_RANK"] == "metadata.labels['training.kubeflow.org/replica-index']"


def test_children_carry_the_jobs_queue_its_owner_and_what_they_are() -> None:
    blueprint = a_blueprint("train", a_cluster_job(labels=QUEUED))
    metadata = build_pytorch_job(blueprint)["metadata"]
    assert metadata["labels"] == {
        "kueue.x-k8s.io/queue-name": "gpus",
        "kueue.x-k8s.io/priority-class": "low",
        "app.kubernetes.io/managed-by": "embtune",
        labels.JOB: "shop-1",
        labels.JOB_UID: "uid-1",
        labels.MODEL: "shop",
        labels.STEP: "train",
        labels.ATTEMPT: "1",
    }
    (owner,) = metadata["ownerReferences"]
    assert (owner["kind"], owner["name"], owner["uid"], owner["controller"]) == ("FineTuneJob", "shop-1", "uid-1", True)
    assert labels.controlled_by({"metadata": metadata}, "uid-1")
    assert not labels.controlled_by({"metadata": metadata}, "uid-2")


def test_a_training_on_two_nodes_as_an_indexed_job() -> None:
    blueprint = a_blueprint("train", a_cluster_job(nodes=2))
    name, body, service = blueprint.child.name, build_indexed_job(blueprint), build_rendezvous_service(blueprint)
    assert body["spec"]["completionMode"] == "Indexed"
    assert (body["spec"]["completions"], body["spec"]["parallelism"], body["spec"]["backoffLimit"]) == (2, 2, 0)
    asked = environment(body["spec"]["template"])
    assert asked["MASTER_ADDR"] == f"{name}-0.{name}"
    assert asked["PET_NNODES"] == "2"
    assert asked["PET_NODE_RANK"] == "metadata.annotations['batch.kubernetes.io/job-completion-index']"
    assert body["spec"]["template"]["spec"]["subdomain"] == service["metadata"]["name"] == name
    pod_labels = body["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= pod_labels.items()
    assert service["spec"]["clusterIP"] == "None"
    assert service["metadata"]["ownerReferences"] == body["metadata"]["ownerReferences"]


@pytest.mark.parametrize(
    ("step", "launcher", "nodes", "kinds"),
    [
        ("prepare", "PyTorchJob", 2, [JOB]),
        ("evaluate", "IndexedJob", 2, [JOB]),
        ("train", "PyTorchJob", 1, [PYTORCHJOB]),
        ("train", "IndexedJob", 1, [JOB]),
        ("train", "IndexedJob", 2, [SERVICE, JOB]),
    ],
    ids=[
        "other steps are Jobs",
        "whatever the launcher",
        "one node is a PyTorchJob too",
        "one node needs no Service",
        "more nodes need it first",
    ],
)
def test_what_is_made(step: Any, launcher: Any, nodes: int, kinds: list[Any]) -> None:
    platform = a_platform(launcher=launcher)
    launch = choose_launch(Runtime(), platform, pytorch_jobs=True)
    made = build_child(a_blueprint(step, a_cluster_job(nodes=nodes), platform), launch)
    assert [kind for kind, _ in made] == kinds


def test_one_node_has_nobody_to_meet() -> None:
    for body in (build_indexed_job(a_blueprint("train")), build_pytorch_job(a_blueprint("train"))):
        spec = body["spec"]
        template = spec["template"] if "template" in spec else spec["pytorchReplicaSpecs"]["Worker"]["template"]
        assert not {"MASTER_ADDR", "PET_NODE_RANK"} & environment(template).keys()


@pytest.mark.parametrize(
    ("setting", "there", "launcher"),
    [
        ("Auto", True, "PyTorchJob"),
        ("Auto", False, "IndexedJob"),
        ("IndexedJob", True, "IndexedJob"),
        ("PyTorchJob", False, "PyTorchJob"),
    ],
    ids=["where there are PyTorchJobs", "where there are none", "by setting", "by setting, though there are none now"],
)
def test_the_launcher(setting: str, there: bool, launcher: str) -> None:
    assert choose_launch(Runtime(), a_platform(launcher=setting), pytorch_jobs=there).launcher == launcher


@pytest.mark.parametrize(
    ("kept", "setting", "there", "trained", "launcher"),
    [
        pytest.param("PyTorchJob", "Auto", False, False, "IndexedJob", id="PyTorchJobs have gone before the training began"),
        pytest.param("PyTorchJob", "Auto", False, True, "PyTorchJob", id="a training that has begun keeps its launcher"),
        pytest.param("PyTorchJob", "PyTorchJob", False, False, "PyTorchJob", id="the platform insists, and waits for them"),
        pytest.param("IndexedJob", "Auto", True, False, "IndexedJob", id="PyTorchJobs that come later change nothing"),
    ],
)
def test_the_launcher_that_a_job_has_kept(kept: str, setting: str, there: bool, trained: bool, launcher: str) -> None:
    platform = a_platform(launcher=setting)
    before = choose_launch(Runtime(), a_platform(launcher=kept), pytorch_jobs=True)
    attempts = [Attempt(step="train", number=1, digest="0" * 20, state="Failed")] if trained else []
    job = a_job().model_copy(update={"status": FineTuneJobStatus(launch=before, attempts=attempts)})
    api = cast("KubeApi", KindsOf(there))
    now = asyncio.run(KubeCluster(api, platform, StepCredentials(api, platform)).launch(job))
    assert now == before.model_copy(update={"launcher": launcher})


@dataclass
class KindsOf:
    """An API server that is asked for nothing but whether it knows PyTorchJobs."""

    pytorch_jobs: bool

    async def serves(self, kind: Kind) -> bool:
        assert kind == PYTORCHJOB
        return self.pytorch_jobs


def test_a_launch_keeps_the_profile_as_it_was() -> None:
    profile = {"scratch": "1Gi", "env": [{"name": "A", "value": "1"}], "gpuResource": "amd.com/gpu"}
    platform = a_platform(profiles={"gpu": profile}, defaultProfile="gpu")
    launch = choose_launch(Runtime(), platform, pytorch_jobs=False)
    assert (launch.profile, launch.image) == ("gpu", platform.trainer_image)
    assert profile_of(launch) == Profile.model_validate(profile)


@pytest.mark.parametrize(
    ("runtime", "said"),
    [
        ({"profile": "huge"}, "runtime.profile huge is no profile of this platform: choose one of big, default"),
        ({"nodes": 3}, "runtime.nodes 3 is more than profile default allows: at most 2"),
        ({"gpusPerNode": 5, "profile": "big"}, "runtime.gpusPerNode 5 is more than profile big allows: at most 4"),
    ],
    ids=["an unknown profile", "too many nodes", "too many GPUs"],
)
def test_a_platform_refuses_by_name(runtime: dict[str, Any], said: str) -> None:
    platform = a_platform(profiles={"default": {"maxNodes": 2}, "big": {"maxGpusPerNode": 4}})
    with pytest.raises(InvalidInput, match=said):
        choose_launch(Runtime.model_validate(runtime), platform, pytorch_jobs=True)


def test_a_default_profile_that_is_missing_is_said_to_be_the_platforms() -> None:
    with pytest.raises(InvalidInput, match=r"defaultProfile small is no profile of this platform: choose one of none"):
        choose_launch(Runtime(), a_platform(profiles={}, defaultProfile="small"), pytorch_jobs=True)
