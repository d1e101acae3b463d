"""KubeCluster on a real API server, with the real Job controller; only the kubelet is played by the tests."""

from __future__ import annotations

import asyncio
import json
import subprocess
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from embtune_api.errors import InvalidInput
from embtune_api.status import Attempt, Condition, EvaluationStatus, FineTuneJobStatus, ModelVersionStatus, Progress
from embtune_operator.cluster import ClusterError, Event
from embtune_operator.kube import labels
from embtune_operator.kube.errors import Conflict
from embtune_operator.kube.indexed_job import build_indexed_job
from embtune_operator.kube.kinds import EVENT, JOB, POD
from embtune_operator.kube.step_job import build_step_job
from embtune_operator.kube.times import format_time
from support.kube_children import NOON, a_blueprint, a_child, a_platform

from .conftest import STARTED, Place, as_kubelet, pods_of, terminated, until_ended

if TYPE_CHECKING:
    from typing import Any

    from embtune_operator.cluster import ChildState
    from embtune_operator.kube.api import Object
    from embtune_operator.kube.cluster import KubeCluster


def test_a_step_is_posted_once_and_followed_to_its_end(place: Place) -> None:
    job = place.job()
    child = a_child(job, "prepare")

    async def scenario(cluster: KubeCluster) -> None:
        await cluster.create(job, child)
        await cluster.create(job, child)
        (pod,) = await pods_of(cluster, place.namespace, 1)
        (queued,) = await cluster.children(job)
        assert (queued.name, queued.step, queued.attempt, queued.digest) == (child.name, "prepare", 1, child.request.digest)
        assert queued.state == "Queued"
        await as_kubelet(cluster, pod, STARTED, phase="Running")
        (running,) = await cluster.children(job)
        assert (running.state, running.started_at) == ("Running", NOON)
        await as_kubelet(cluster, pod, terminated(0, reason="Completed"), phase="Succeeded")
        assert (await until_ended(cluster, job)).state == "Succeeded"

    place.run(scenario)
    (made,) = place.items("jobs")
    (pod,) = place.items("pods")
    assert labels.controlled_by(made, job.metadata.uid)
    assert pod["metadata"]["labels"][labels.JOB_UID] == job.metadata.uid
    assert json.loads(pod["metadata"]["annotations"][labels.REQUEST])["digest"] == child.request.digest


def test_a_failure_says_why_and_keeps_saying_so(place: Place) -> None:
    job = place.job()
    paragraph = "data.train[0].uri s3://data/a.jsonl:3: no column anchor"

    async def scenario(cluster: KubeCluster) -> None:
        await cluster.create(job, a_child(job, "prepare"))
        (pod,) = await pods_of(cluster, place.namespace, 1)
        await as_kubelet(cluster, pod, terminated(2, paragraph), phase="Failed")
        ended = await until_ended(cluster, job)
        assert (ended.state, ended.reason, ended.exit_code, ended.message) == ("Failed", "InvalidInput", 2, paragraph)
        await cluster.api.delete(POD, place.namespace, pod["metadata"]["name"])
        assert await cluster.children(job) == [ended]

    place.run(scenario)
    afresh = place.run(lambda cluster: cluster.children(job))
    assert (afresh[0].state, afresh[0].reason) == ("Failed", "Deleted")


def test_a_pod_that_somebody_deletes_ends_the_attempt(place: Place) -> None:
    job = place.job()

    async def scenario(cluster: KubeCluster) -> None:
        await cluster.create(job, a_child(job, "train"))
        (pod,) = await pods_of(cluster, place.namespace, 1)
        await as_kubelet(cluster, pod, STARTED, phase="Running")
        await cluster.api.delete(POD, place.namespace, pod["metadata"]["name"])
        ended = await until_ended(cluster, job)
        assert (ended.reason, ended.exit_code) == ("Deleted", None)

    place.run(scenario, launcher="IndexedJob")


def test_a_training_on_two_nodes_gets_its_service_first_and_one_pod_speaks_for_it(place: Place) -> None:
    job = place.job(nodes=2)

    async def scenario(cluster: KubeCluster) -> ChildState:
        await cluster.create(job, a_child(job, "train"))
        pods = await pods_of(cluster, place.namespace, 2)
        for pod in pods:
            await as_kubelet(cluster, pod, STARTED, phase="Running")
        (running,) = await cluster.children(job)
        assert running.state == "Running"
        killed = next(pod for pod in pods if pod["metadata"]["labels"]["batch.kubernetes.io/job-completion-index"] == "1")
        await as_kubelet(cluster, killed, terminated(137, reason="OOMKilled"), phase="Failed")
        ended = await until_ended(cluster, job)
        assert (ended.reason, ended.exit_code) == ("OutOfMemory", 137)
        assert await cluster.children(job) == [ended]
        return ended

    ended = place.run(scenario, launcher="IndexedJob")
    (service,) = place.items("services")
    assert service["metadata"]["name"] == ended.name
    assert labels.controlled_by(service, job.metadata.uid)
    place.run(lambda cluster: cluster.delete(job, ended.name), launcher="IndexedJob")
    assert place.items("services") == place.items("jobs") == []


def test_a_strangers_child_is_not_taken_over(place: Place) -> None:
    job, other = place.job(), place.job("shop-2")
    child = a_child(job, "prepare")

    async def scenario(cluster: KubeCluster) -> None:
        await cluster.create(other, child)
        with pytest.raises(InvalidInput, match=rf"Job {place.namespace}/{child.name} .* belongs to FineTuneJob shop-2"):
            await cluster.create(job, child)
        await cluster.delete(job, child.name)
        assert await cluster.children(job) == []

    place.run(scenario)
    assert [made["metadata"]["name"] for made in place.items("jobs")] == [child.name]


def test_an_image_that_cannot_be_had_is_given_up_and_taken_away(place: Place) -> None:
    job = place.job()

    async def scenario(cluster: KubeCluster) -> None:
        await cluster.create(job, a_child(job, "prepare"))
        (pod,) = await pods_of(cluster, place.namespace, 1)
        await as_kubelet(cluster, pod, {"waiting": {"reason": "InvalidImageName", "message": "bad name"}}, phase="Pending")
        (given_up,) = await cluster.children(job)
        assert (given_up.state, given_up.reason) == ("Failed", "ImagePull")
        assert await cluster.children(job) == [given_up]
        assert await cluster.api.list(JOB, place.namespace) == []

    place.run(scenario)


def test_a_secret_that_cannot_be_mounted_is_named_and_then_given_up(place: Place) -> None:
    job = place.job()
    text = 'MountVolume.SetUp failed for volume "source-0" : secret "datasets" not found'

    async def scenario(cluster: KubeCluster) -> None:
        await cluster.create(job, a_child(job, "prepare"))
        (pod,) = await pods_of(cluster, place.namespace, 1)
        now = cluster.clock()
        scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": format_time(now)}
        creating = {"waiting": {"reason": "ContainerCreating"}}
        await as_kubelet(cluster, pod, creating, phase="Pending", conditions=[scheduled])
        await cluster.api.create(EVENT, a_warning(pod, "FailedMount", text, now + timedelta(seconds=280)))
        (early,) = await cluster.children(job)
        assert (early.state, "datasets" in early.message) == ("Queued", False)
        cluster.clock = lambda: now + timedelta(seconds=290)
        (told,) = await cluster.children(job)
        assert (told.state, told.message) == ("Queued", f"pod {pod['metadata']['name']}: {text}")
        cluster.clock = lambda: now + timedelta(seconds=310)
        (given_up,) = await cluster.children(job)
        assert (given_up.state, given_up.reason) == ("Failed", "Error")
        assert text in given_up.message
        assert await cluster.api.list(JOB, place.namespace) == []

    place.run(scenario)


def a_warning(pod: Object, reason: str, message: str, at: datetime) -> Object:
    """As a kubelet repeats it."""
    about = {name: pod["metadata"][name] for name in ("name", "namespace", "uid")}
    return {
        "metadata": {"name": f"{about['name']}.1", "namespace": about["namespace"]},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", **about},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "lastTimestamp": format_time(at),
    }


def test_a_quota_that_allows_no_pod_is_told_while_the_child_waits(place: Place) -> None:
    place.kubectl("create", "quota", "none", "--hard=pods=0")
    job = place.job()

    async def scenario(cluster: KubeCluster) -> str:
        await cluster.create(job, a_child(job, "prepare"))
        clock = cluster.clock
        cluster.clock = lambda: clock() + timedelta(seconds=25)
        for _ in range(100):
            (state,) = await cluster.children(job)
            if "exceeded quota" in state.message:
                return state.state
            await asyncio.sleep(0.1)
        raise AssertionError(state.message)

    assert place.run(scenario) == "Queued"


def test_a_quota_on_jobs_is_a_refusal_to_be_tried_again(place: Place) -> None:
    place.kubectl("create", "quota", "none", "--hard=count/jobs.batch=0")
    job = place.job()
    with pytest.raises(ClusterError, match="exceeded quota: none") as refused:
        place.run(lambda cluster: cluster.create(job, a_child(job, "prepare")))
    assert not isinstance(refused.value, InvalidInput)


def test_what_the_api_server_calls_invalid_is_not_tried_again(place: Place) -> None:
    job = place.job()
    profiles = {"default": {"tolerations": [{"key": "a", "operator": "Perhaps"}]}}
    with pytest.raises(InvalidInput, match=r"tolerations\[0\]\.operator.*Perhaps"):
        place.run(lambda cluster: cluster.create(job, a_child(job, "prepare")), profiles=profiles)


FULL = FineTuneJobStatus(
    phase="Training",
    score="ndcg@10 0.730",
    conditions=[Condition(type="DataReady", status="True", reason="Ready", message="…", last_transition_time=NOON)],
    progress=Progress(percent=12.5, step=3),
    attempts=[Attempt(step="prepare", number=1, state="Succeeded", started_at=NOON)],
    evaluation=EvaluationStatus(candidate={"test/ndcg@10": 0.73, "test/map@10": None}),
    started_at=NOON,
)


def test_a_status_is_written_once_and_whole(place: Place) -> None:
    job = place.job()
    place.run(lambda cluster: cluster.write_status(job, FULL))
    written = place.read(job)
    assert written.status == FULL.model_copy(update={"observed_generation": 1})
    place.run(lambda cluster: cluster.write_status(written, FULL))
    assert place.read(job).metadata.resource_version == written.metadata.resource_version
    place.run(lambda cluster: cluster.write_status(written, FULL.model_copy(update={"progress": None})))
    body = json.loads(place.kubectl("get", "ftj", "shop-1", "-o", "json", "--show-managed-fields"))
    assert "progress" not in body["status"]
    assert {entry["manager"] for entry in body["metadata"]["managedFields"] if entry.get("subresource")} == {"embtune"}


def test_a_status_that_somebody_else_has_written_meanwhile_stays(place: Place) -> None:
    job = place.job()
    place.run(lambda cluster: cluster.write_status(job, FULL))
    with pytest.raises(Conflict):  # so that it is looked at again, also where nothing else would have it looked at
        place.run(lambda cluster: cluster.write_status(job, FULL.model_copy(update={"phase": "Failed"})))
    assert (place.read(job).status or FULL).phase == "Training"
    place.run(lambda cluster: cluster.write_status(place.read(job), FULL.model_copy(update={"phase": "Failed"})))
    assert (place.read(job).status or FULL).phase == "Failed"


def test_a_new_job_of_the_same_name_does_not_get_the_status_of_the_old_one(place: Place) -> None:
    old = place.job()
    place.kubectl("delete", "ftj", "shop-1")
    place.run(lambda cluster: cluster.write_status(old, FULL))
    new = place.job()
    with pytest.raises(Conflict):
        place.run(lambda cluster: cluster.write_status(old, FULL))
    assert place.read(new).status is None


def test_an_event_is_told_once(place: Place) -> None:
    job = place.job()

    async def scenario(cluster: KubeCluster) -> None:
        for _ in range(2):
            await cluster.tell(job, Event("Promoted", "v1 is in production: ndcg@10 0.73"))
        await cluster.tell(job, Event("Failed", "no room", failure=True))
        await cluster.tell(
            job.model_copy(update={"metadata": job.metadata.model_copy(update={"namespace": "nowhere"})}), Event("A", "b")
        )

    place.run(scenario)
    told = place.kubectl("describe", "ftj", "shop-1")
    assert told.count("v1 is in production") == 1
    events = [event for event in place.items("events") if event["involvedObject"]["uid"] == job.metadata.uid]
    assert {(event["type"], event["reason"]) for event in events} == {("Normal", "Promoted"), ("Warning", "Failed")}


def test_a_version_is_recorded_once(place: Place) -> None:
    job, version = place.job(), ModelVersionStatus(name="shop-v1", version=1, digest="a" * 64, stage="Candidate")

    async def scenario(cluster: KubeCluster) -> None:
        await cluster.record_version(job, version)
        await cluster.record_version(job, version)

    place.run(scenario)
    (made,) = place.items("mv")
    assert (made["metadata"]["name"], made["spec"]["job"]) == ("shop-v1", "shop-1")
    assert "ownerReferences" not in made["metadata"]


def test_a_version_whose_name_somebody_has_taken_is_told(place: Place) -> None:
    job, version = place.job(), ModelVersionStatus(name="shop-v1", version=1, digest="a" * 64, stage="Candidate")
    theirs = {"apiVersion": job.api_version, "kind": "ModelVersion", "metadata": {"name": "shop-v1"}}
    place.kubectl("create", "-f", "-", stdin=json.dumps({**theirs, "spec": {"model": "shop", "uri": "hf://some/where"}}))
    place.run(lambda cluster: cluster.record_version(job, version))
    (event,) = [event for event in place.items("events") if event["involvedObject"]["uid"] == job.metadata.uid]
    assert event["reason"] == "NameTaken"
    assert "ModelVersion shop-v1 is there already and shows another model" in event["message"]


def test_a_step_is_watched_also_while_its_credentials_cannot_be_replaced(place: Place) -> None:
    job = place.job()
    place.run(lambda cluster: cluster.create(job, a_child(job, "prepare")))
    place.kubectl("delete", "secret", "--all")
    away = {"uri": "s3://embtune/here", "sts": True, "endpoint": "http://127.0.0.1:1"}
    (queued,) = place.run(lambda cluster: cluster.children(job), store=away)
    assert queued.state == "Queued"


def test_children_go_with_their_job(place: Place) -> None:
    job = place.job(nodes=2)
    place.run(lambda cluster: cluster.create(job, a_child(job, "train")), launcher="IndexedJob")
    place.kubectl("delete", "ftj", "shop-1", "--cascade=foreground", "--timeout=30s")
    assert place.items("jobs") == place.items("services") == place.items("secrets") == []


@pytest.mark.parametrize("nodes", [1, 2])
@pytest.mark.parametrize("step", ["prepare", "train", "evaluate"])
def test_every_pod_is_allowed_where_restricted_is_enforced(place: Place, step: Any, nodes: int) -> None:
    job = place.job(nodes=nodes, gpusPerNode=1)
    blueprint = a_blueprint(step, job, a_platform())
    body = build_indexed_job(blueprint) if step == "train" else build_step_job(blueprint)
    template = body["spec"]["template"]
    pod = {"apiVersion": "v1", "kind": "Pod", **template, "metadata": {**template["metadata"], "name": "dry"}}
    place.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=json.dumps(pod))
    place.kubectl("create", "--dry-run=server", "--validate=strict", "-f", "-", stdin=json.dumps(body))


def test_the_namespace_really_enforces_it(place: Place) -> None:
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    with pytest.raises(subprocess.CalledProcessError) as refused:
        place.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
    assert "violates PodSecurity" in refused.value.stderr
