"""What Jobs, PyTorchJobs and their pods say about an attempt, in the shapes that controllers and kubelets leave."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from embtune_operator.kube.children import ChildLook, cause_of, state_of
from embtune_operator.kube.kinds import JOB, PYTORCHJOB
from embtune_operator.kube.pod_faults import Fault
from embtune_operator.kube.pod_look import PodLook
from support.kube_children import (
    DIGEST,
    a_job_body,
    a_pod,
    a_pytorch_body,
    at,
    condition,
    deleted,
    exited,
    moment,
    running,
    waiting,
)

if TYPE_CHECKING:
    from embtune_operator.cluster import ChildState
    from embtune_operator.kube.api import Object

NOW = 1000
PATIENCE = timedelta(seconds=300)
JOB_FAILED = (
    condition("FailureTarget", 61, reason="BackoffLimitExceeded", message="Job has reached the specified backoff limit"),
    condition("Failed", 61, reason="BackoffLimitExceeded", message="Job has reached the specified backoff limit"),
)
PYTORCH_FAILED = (
    condition("Created", 0),
    condition("Running", 5, "False"),
    condition("Failed", 61, reason="PyTorchJobFailed", message="PyTorchJob child is failed because 1 Worker replica(s) failed."),
)
DRAINED = condition("DisruptionTarget", 50, reason="EvictionByEvictionAPI", message="Eviction API: evicting")
TAINTED = condition(
    "DisruptionTarget", 50, reason="DeletionByTaintManager", message="Taint manager: deleting due to NoExecute taint"
)
TRACEBACK = "\n".join(["Traceback (most recent call last):", *(f"  line {n}" for n in range(20)), "ValueError: what"])
OUT_OF_MEMORY = "a training process was killed (SIGKILL): most often the machine ran out of memory. Set training.microBatchSize"


def seen(
    body: Object, *pods: Object, now: float = NOW, warnings: dict[str, str] | None = None, before: Fault | None = None
) -> ChildState:
    kind = PYTORCHJOB if "runPolicy" in body["spec"] else JOB
    child = ChildLook(kind, body, tuple(map(PodLook, pods)), warnings or {}, before)
    cause = cause_of(child, moment(now), PATIENCE)
    return state_of(child, cause, moment(now))


def failed_pod(container: Object, **more: Any) -> Object:
    return a_pod(container, phase="Failed", **more)


@pytest.mark.parametrize(
    ("pod", "reason", "code", "said"),
    [
        (failed_pod(exited(2, "data.train[0]: no such file")), "InvalidInput", 2, "data.train[0]: no such file"),
        (failed_pod(exited(75, "stopped")), "Stopped", 75, "told to stop"),
        (failed_pod(exited(1, "the store is full")), "Error", 1, "the store is full"),
        (failed_pod(exited(1, TRACEBACK)), "Error", 1, "train ended with exit code 1; the last lines of its log:\n  line 9"),
        (failed_pod(exited(1)), "Error", 1, "train ended with exit code 1; it said nothing"),
        (failed_pod(exited(134, "Aborted")), "Error", 134, "train ended with exit code 134; the last lines of its log:\nAborted"),
        (
            failed_pod(exited(137, reason="OOMKilled"), memory="8Gi"),
            "OutOfMemory",
            137,
            "it ran out of memory (its limit is 8Gi); set training.microBatchSize or lower",
        ),
        (failed_pod(exited(137)), "OutOfMemory", 137, "most likely it ran out of memory; set training.microBatchSize"),
        (failed_pod(exited(1, OUT_OF_MEMORY)), "OutOfMemory", 1, OUT_OF_MEMORY),
        (
            failed_pod({}, reason="Evicted", message="The node was low on resource: memory."),
            "Evicted",
            None,
            "low on resource: memory",
        ),
        (failed_pod(exited(137), conditions=[DRAINED]), "Evicted", 137, "Eviction API: evicting"),
        (failed_pod(exited(75), conditions=[DRAINED]), "Evicted", 75, "lost its pod pod-0 on node node-0"),
        (failed_pod(exited(2, "bad rows"), conditions=[DRAINED]), "InvalidInput", 2, "bad rows"),
        (failed_pod(exited(143), conditions=[TAINTED]), "NodeLost", 143, "NoExecute taint"),
        (
            failed_pod({}, reason="NodeShutdown", message="Pod was terminated in response to imminent node shutdown."),
            "NodeLost",
            None,
            "shutdown",
        ),
        (
            failed_pod({}, reason="OutOfcpu", message="Node didn't have enough resource: cpu"),
            "Evicted",
            None,
            "enough resource: cpu",
        ),
        (failed_pod(exited(137), metadata=deleted(20, grace=30)), "Deleted", 137, "somebody deleted its pod pod-0"),
        (
            failed_pod({}, reason="DeadlineExceeded", message="Pod was active on the node longer than allowed"),
            "Error",
            None,
            "longer than allowed",
        ),
    ],
    ids=[
        "bad input",
        "stopped on request",
        "the trainer's own paragraph",
        "the end of a traceback",
        "silence",
        "a crash of the interpreter",
        "killed by the kernel, with the limit",
        "killed by somebody",
        "a process inside was killed",
        "the node was short of memory",
        "a node was drained",
        "a node was drained, and a checkpoint saved",
        "bad input on a drained node is bad input",
        "the node was lost",
        "the node was shut down",
        "the node did not take it",
        "its pod was deleted, and killed after the grace",
        "some other reason",
    ],
)
@pytest.mark.parametrize("launcher", ["Job", "PyTorchJob"])
def test_why_an_attempt_failed(launcher: str, pod: Object, reason: str, code: int | None, said: str) -> None:
    body = a_job_body(*JOB_FAILED) if launcher == "Job" else a_pytorch_body(*PYTORCH_FAILED, nodes=1)
    state = seen(body, pod)
    assert (state.state, state.reason, state.exit_code) == ("Failed", reason, code)
    assert said in state.message
    assert "\n" not in state.message or "last lines" in state.message
    assert state.finished_at == moment(61)


def test_the_last_line_of_a_log_is_kept_however_long_those_before_it_are() -> None:
    state = seen(a_job_body(*JOB_FAILED), failed_pod(exited(134, "x" * 3000 + "\nValueError: what")))
    assert state.message.endswith("ValueError: what")


def test_a_success_needs_no_pods() -> None:
    state = seen(a_job_body(condition("SuccessCriteriaMet", 90), condition("Complete", 90)))
    assert (state.state, state.started_at, state.finished_at) == ("Succeeded", moment(1), moment(90))
    assert (state.name, state.step, state.attempt, state.digest) == ("child", "train", 1, DIGEST)


def test_conditions_that_do_not_hold_any_more_say_nothing() -> None:
    conditions = (condition("Succeeded", 50, "False"), condition("Failed", 50, "False"), condition("Running", 5))
    assert seen(a_pytorch_body(*conditions, nodes=1), a_pod(running())).state == "Running"


@pytest.mark.parametrize(
    ("body", "pods", "said"),
    [
        (a_job_body(suspend=True), [], "waits for quota in queue gpus"),
        (a_pytorch_body(suspend=True), [], "waits for quota in queue gpus"),
        (a_job_body(), [], "waits for its pods"),
        (
            a_job_body(),
            [
                a_pod(
                    phase="Pending",
                    conditions=[
                        condition(
                            "PodScheduled",
                            0,
                            "False",
                            reason="Unschedulable",
                            message="0/1 nodes: 1 Insufficient nvidia.com/gpu.",
                        )
                    ],
                )
            ],
            "no node for pod pod-0: 0/1 nodes: 1 Insufficient nvidia.com/gpu.",
        ),
        (a_job_body(), [a_pod(waiting("ContainerCreating"), phase="Pending")], "pod pod-0 on node node-0: ContainerCreating"),
        (
            a_pytorch_body(),
            [a_pod(waiting("ContainerCreating"), number=n, phase="Pending") for n in range(2)],
            "2 of 2 pods wait: pod pod-0",
        ),
    ],
    ids=["suspended by a queue", "also as a PyTorchJob", "no pod yet", "no GPU", "its image is pulled", "two pods wait"],
)
def test_what_a_queued_attempt_waits_for(body: Object, pods: list[Object], said: str) -> None:
    state = seen(body, *pods)
    assert (state.state, state.started_at) == ("Queued", None)
    assert said in state.message


def test_an_attempt_has_started_when_its_last_pod_has() -> None:
    half = seen(a_pytorch_body(), a_pod(running(5)), a_pod(waiting("ContainerCreating"), number=1, phase="Pending"))
    assert (half.state, half.started_at) == ("Running", None)
    assert "1 of 2 pods wait: pod pod-1" in half.message
    whole = seen(a_pytorch_body(), a_pod(running(5)), a_pod(running(8), number=1))
    assert (whole.state, whole.started_at, whole.message) == ("Running", moment(8), "")


def test_a_failed_attempt_has_not_ended_while_a_pod_of_it_runs() -> None:
    culprit, peer = failed_pod(exited(1, "no room")), a_pod(running(), number=1, metadata=deleted(61))
    assert seen(a_pytorch_body(*PYTORCH_FAILED), culprit, peer, now=70).state == "Running"
    ended = seen(a_pytorch_body(*PYTORCH_FAILED), culprit, now=80)
    assert (ended.state, ended.message) == ("Failed", "no room")


@pytest.mark.parametrize(
    ("pods", "reason"),
    [
        (
            [
                failed_pod(exited(1, "peer is gone", finished=50)),
                failed_pod(exited(137, reason="OOMKilled", finished=80), number=1),
            ],
            "OutOfMemory",
        ),
        (
            [failed_pod(exited(1, "peer is gone", finished=40)), failed_pod(exited(143), number=1, conditions=[DRAINED])],
            "Evicted",
        ),
        ([failed_pod(exited(75)), failed_pod(exited(75), number=1, conditions=[TAINTED])], "NodeLost"),
        ([failed_pod(exited(1, "mine", finished=60)), failed_pod(exited(143), number=1, metadata=deleted(61))], "Error"),
        (
            [failed_pod(exited(1, "peer is gone", finished=60)), failed_pod(exited(143), number=1, metadata=deleted(30))],
            "Deleted",
        ),
        ([failed_pod(exited(75)), failed_pod(exited(2, "bad rows"), number=1)], "InvalidInput"),
        ([failed_pod(exited(1, "late", finished=60)), failed_pod(exited(1, "first", finished=50), number=1)], "Error"),
    ],
    ids=[
        "memory, though its pod ended last",
        "a drained node, though its peer failed first",
        "a lost node, not those that stopped with it",
        "an error, not those that were deleted in its wake",
        "a deletion, not those that failed in its wake",
        "bad input",
        "the first of two errors",
    ],
)
def test_one_pod_speaks_for_all(pods: list[Object], reason: str) -> None:
    for order in (pods, pods[::-1]):
        state = seen(a_pytorch_body(*PYTORCH_FAILED), *order)
        assert (state.state, state.reason) == ("Failed", reason)
        assert "late" not in state.message


@pytest.mark.parametrize("container", ["ErrImagePull", "ImagePullBackOff"])
def test_an_image_that_cannot_be_pulled_is_waited_for_and_then_given_up(container: str) -> None:
    pod = a_pod(waiting(container, "pull access denied"), phase="Pending")
    early, late = seen(a_job_body(), pod, now=299), seen(a_job_body(), pod, now=301)
    assert (early.state, late.state, late.reason) == ("Queued", "Failed", "ImagePull")
    assert "pull access denied" in early.message
    assert "registry.example/trainer@sha256:0" in late.message
    assert "pull access denied" in late.message
    assert late.finished_at == moment(301)


def test_an_image_name_that_is_none_is_given_up_at_once() -> None:
    state = seen(a_job_body(), a_pod(waiting("InvalidImageName", "couldn't parse image"), phase="Pending"), now=1)
    assert (state.state, state.reason) == ("Failed", "ImagePull")


def test_a_missing_secret_is_named_and_then_given_up() -> None:
    mount = 'MountVolume.SetUp failed for volume "source-0" : secret "datasets" not found'
    pod = a_pod(waiting("ContainerCreating"), phase="Pending")
    early = seen(a_job_body(step="prepare"), pod, now=30, warnings={"pod-uid-0": mount})
    late = seen(a_job_body(step="prepare"), pod, now=400, warnings={"pod-uid-0": mount})
    assert early.state == "Queued"
    assert 'secret "datasets" not found' in early.message
    assert (late.state, late.reason) == ("Failed", "Error")
    assert 'secret "datasets" not found' in late.message
    config = a_pod(waiting("CreateContainerConfigError", 'secret "env" not found'), phase="Pending")
    assert 'secret "env" not found' in seen(a_job_body(), config, now=400).message


NO_CLAIM = '0/3 nodes are available: persistentvolumeclaim "corpus" not found. not found'
UNBOUND = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"


@pytest.mark.parametrize(
    "says", [NO_CLAIM, NO_CLAIM.replace("not found. not found", "is being deleted.")], ids=["missing", "about to go"]
)
def test_a_missing_claim_is_named_and_then_given_up(says: str) -> None:
    unscheduled = condition("PodScheduled", status="False", reason="Unschedulable", message=says)
    pod = a_pod(None, phase="Pending", conditions=[unscheduled])
    early, late = (seen(a_job_body(step="prepare"), pod, now=now) for now in (30, 400))
    assert (early.state, early.message) == ("Queued", f"no node for pod pod-0: {says}")
    assert (late.state, late.reason) == ("Failed", "Error")
    assert late.message == (
        f"pod pod-0 of prepare cannot start: {says.rstrip('.')}; claims are looked for in the job's namespace"
    )


@pytest.mark.parametrize("says", [UNBOUND, "0/3 nodes are available: 3 Insufficient cpu."], ids=["its volume", "room"])
def test_what_may_still_come_is_waited_for(says: str) -> None:
    unscheduled = condition("PodScheduled", status="False", reason="Unschedulable", message=says)
    state = seen(a_job_body(step="prepare"), a_pod(None, phase="Pending", conditions=[unscheduled]), now=5000)
    assert (state.state, state.message) == ("Queued", f"no node for pod pod-0: {says}")


def test_a_long_pull_without_any_warning_is_no_failure() -> None:
    assert seen(a_job_body(), a_pod(waiting("ContainerCreating"), phase="Pending"), now=5000).state == "Queued"


def test_a_quota_that_allows_no_pod_is_told() -> None:
    state = seen(a_job_body(), warnings={"child-uid": 'Error creating: pods "child-x" is forbidden: exceeded quota'})
    assert (state.state, state.message) == ("Queued", 'Error creating: pods "child-x" is forbidden: exceeded quota')


def test_a_node_that_does_not_answer_is_lost_when_the_grace_is_over() -> None:
    pod = a_pod(running(), metadata=deleted(100), conditions=[TAINTED])
    assert seen(a_job_body(), pod, now=400).state == "Running"
    lost = seen(a_job_body(), pod, now=500)
    assert (lost.state, lost.reason) == ("Failed", "NodeLost")
    assert "node-0 does not answer" in lost.message


def test_pods_that_are_gone_were_deleted() -> None:
    state = seen(a_job_body(*JOB_FAILED))
    assert (state.state, state.reason, state.finished_at) == ("Failed", "Deleted", moment(61))


def test_what_was_seen_of_a_pod_outlives_it() -> None:
    evicted = Fault("Evicted", "the node was drained", moment(40))
    state = seen(a_pytorch_body(*PYTORCH_FAILED), failed_pod(exited(1, "peer is gone", finished=50)), before=evicted)
    assert (state.reason, state.message) == ("Evicted", "the node was drained")


def test_a_queue_that_takes_the_pods_back_is_no_failure() -> None:
    pod = a_pod(exited(75), phase="Failed", metadata=deleted(50))
    state = seen(a_job_body(condition("Suspended", 50), suspend=True), pod)
    assert (state.state, state.reason) == ("Running", None)
    assert seen(a_job_body(condition("Suspended", 50), suspend=True)).state == "Queued"


def test_a_pod_that_was_deleted_while_the_others_go_on_is_no_failure_yet() -> None:
    state = seen(a_pytorch_body(), a_pod(running(5), metadata=deleted(50)), a_pod(running(6), number=1), now=60)
    assert (state.state, state.reason) == ("Running", None)


def test_a_message_is_bounded() -> None:
    long = seen(a_job_body(*JOB_FAILED), failed_pod(exited(1, "x" * 5000)))
    assert len(long.message) <= 2048


def test_times_are_what_the_api_server_writes() -> None:
    assert at(61) == "2026-01-01T12:01:01Z"
