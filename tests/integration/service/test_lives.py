"""The lives of an operator: from a job that is applied to its version, through restarts, stops and rivals."""

import os
import signal
from pathlib import Path

from embtune_api.documents.release import Release
from embtune_store import documents
from support.operated_cluster import Cluster
from support.operator_process import eventually
from support.simulated_node import simulated_node

STEPS = ["evaluate", "prepare", "publish", "train"]


def test_a_job_that_is_applied_ends_in_a_promoted_version_and_the_metrics_tell_it(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.operator(tmp_path) as operator, simulated_node(cluster.node()):
        eventually(30, operator.ready, operator)
        cluster.submit("first")
        eventually(60, lambda: cluster.all_are("Succeeded"), operator)
        assert cluster.children() == STEPS
        eventually(30, lambda: operator.metric("embtune_versions", stage="Production") == 1, operator)
        assert operator.metric("embtune_jobs", phase="Succeeded") == 1
        assert operator.metric("embtune_verdicts_total", outcome="Passed") == 1
        assert operator.metric("embtune_promotions_total") == 1
        assert operator.metric("embtune_leader") == 1
        assert operator.metric("embtune_store_request_seconds_count", operation="swap") >= 1
        assert operator.metric("embtune_api_requests_total", verb="POST", code="201") >= len(STEPS)
        assert operator.metric("embtune_reconciles_total", result="failed") == 0
        [version] = cluster.objects("modelversions")
        assert version["status"]["stage"] == "Production"


def test_sigterm_hands_the_lease_over_and_ends_well(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.operator(tmp_path / "a") as first, simulated_node(cluster.node("train")):
        eventually(30, first.ready, first)
        cluster.submit("job")
        eventually(30, lambda: cluster.phases()["job"] in ("Training", "Queued") and "train" in cluster.children(), first)
        assert first.end() == 0
        with cluster.operator(tmp_path / "b", leaseSeconds=60) as second:
            eventually(15, lambda: second.status("/livez") == 200 and second.metric("embtune_leader") == 1, second)


def test_an_operator_that_is_killed_at_any_step_is_replaced_by_another_one(cluster: Cluster, tmp_path: Path) -> None:
    node = cluster.node(*STEPS)
    with simulated_node(node):
        for number, step in enumerate(["prepare", "train", "evaluate", "publish"]):
            with cluster.operator(tmp_path / str(number)) as operator:
                if number == 0:
                    eventually(30, operator.ready, operator)
                    cluster.submit("job")
                eventually(40, lambda step=step: step in cluster.children(), operator)
                operator.process.kill()
                operator.process.wait()
            node.release(step)
        with cluster.operator(tmp_path / "last") as operator:
            eventually(40, lambda: cluster.all_are("Succeeded"), operator)
        assert cluster.children() == STEPS
        assert len(cluster.objects("modelversions")) == 1


def test_two_operators_that_both_lead_make_nothing_twice(cluster: Cluster, tmp_path: Path) -> None:
    names = [f"job-{number}" for number in range(12)]
    with (
        cluster.operator(tmp_path / "a", leaderElection=False) as first,
        cluster.operator(tmp_path / "b", leaderElection=False) as second,
        simulated_node(cluster.node()),
    ):
        eventually(30, lambda: first.ready() and second.ready(), first)
        for name in names:
            cluster.submit(name, model=f"line-{int(name[4:]) % 3}")
        eventually(120, lambda: cluster.all_are("Succeeded"), first)
    assert_nothing_was_done_twice(cluster, names)
    versions = {(v["spec"]["model"], v["spec"]["version"]): v["spec"]["job"] for v in cluster.objects("modelversions")}
    assert sorted(versions.values()) == sorted(names)
    for line in range(3):
        release = documents.read(cluster.store, f"{cluster.namespace}/line-{line}/release.json", Release)
        history = cluster.store.list(f"{cluster.namespace}/line-{line}/history")
        assert release
        assert sorted(int(Path(found.key).stem) for found in history) == list(range(1, release.seq + 1))


def test_a_leader_that_is_stopped_beyond_its_lease_does_no_harm_when_it_wakes(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.operator(tmp_path / "a") as first, simulated_node(cluster.node()):
        eventually(30, lambda: first.ready() and first.metric("embtune_leader") == 1, first)
        with cluster.operator(tmp_path / "b") as second:
            eventually(30, second.ready, second)
            assert second.metric("embtune_leader") == 0
            for number in range(6):
                cluster.submit(f"job-{number}")
            os.kill(first.process.pid, signal.SIGSTOP)
            try:
                eventually(30, lambda: second.metric("embtune_leader") == 1, second)
                eventually(60, lambda: cluster.all_are("Succeeded"), second)
            finally:
                os.kill(first.process.pid, signal.SIGCONT)
            eventually(20, lambda: first.metric("embtune_leader") == 0, first)
            assert second.metric("embtune_leader") == 1
        assert_nothing_was_done_twice(cluster, [f"job-{number}" for number in range(6)])
        assert len(cluster.objects("modelversions")) == 6


def test_a_deleted_job_leaves_its_version_and_no_scratch(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.operator(tmp_path) as operator, simulated_node(cluster.node()):
        eventually(30, operator.ready, operator)
        cluster.submit("job")
        eventually(60, lambda: cluster.all_are("Succeeded"), operator)
        scratch = f"{cluster.namespace}/jobs"
        assert list(cluster.store.list(scratch))
        cluster.plane.kubectl("delete", "finetunejob", "job", "--namespace", cluster.namespace)
        eventually(30, lambda: not list(cluster.store.list(scratch)), operator)
        assert len(cluster.objects("modelversions")) == 1
        assert cluster.store.exists(f"{cluster.namespace}/shop/versions/1/manifest.json")


def assert_nothing_was_done_twice(cluster: Cluster, jobs: list[str]) -> None:
    """A changed champion has a candidate evaluated again, which is other work, and ends a publish that is no longer wanted."""
    works = cluster.works()
    assert len(works) == len(set(works))
    for step in ("prepare", "train"):
        assert sorted(job for job, done, _ in works if done == step) == sorted(jobs)
