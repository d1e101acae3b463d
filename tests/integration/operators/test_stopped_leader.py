"""A leader that stands still beyond its lease while a write of it is on its way: the write arrives when another one leads."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from servers.lossy_proxy import Answer, lossy_proxy
from support.bookkeeping import assert_nothing_twice
from support.operated_cluster import Cluster
from support.operator_process import OperatorProcess, eventually
from support.simulated_node import simulated_node
from support.watch_proxy import HeldWrite, watch_proxy

LINES = {"job-0": "shop", "job-1": "shop", "job-2": "search"}


@pytest.mark.parametrize(
    ("method", "end"),
    [("POST", "/jobs"), ("POST", "/secrets"), ("PATCH", "/status"), ("POST", "/modelversions")],
    ids=["a child", "a Secret", "a status", "a ModelVersion"],
)
def test_a_request_to_the_api_server_that_arrives_late_changes_nothing(
    method: str, end: str, cluster: Cluster, tmp_path: Path
) -> None:
    held = HeldWrite(method, end)
    with watch_proxy(cluster.plane) as proxy, simulated_node(cluster.node()):
        proxy.held = held
        far = cluster.operator(tmp_path / "a", proxy.kubeconfig(tmp_path / "kubeconfig"))
        with leader_and_follower(far, cluster.operator(tmp_path / "b")) as (leader, follower):
            cluster.submit_all(LINES)
            eventually(60, held.on_its_way.is_set, leader)
            with standing_still(leader):
                before = all_that_came_of_it(cluster, follower)
                held.let_go.set()
                eventually(20, lambda: held.status, follower)
                assert held.status == 409
                assert all_there_is(cluster) == before
            eventually(30, lambda: leader.ready() and leader.metric("embtune_leader") == 0, leader)
            assert all_there_is(cluster) == before
    assert_nothing_twice(cluster, LINES)


@pytest.mark.parametrize("end", ["/release.json", "/history/1.json", "/result.json"])
def test_a_request_to_the_store_that_arrives_late_changes_nothing(end: str, cluster: Cluster, tmp_path: Path) -> None:
    on_its_way, let_go, arrived = Event(), Event(), Event()

    def late(forward: Callable[[], Answer]) -> Answer:
        on_its_way.set()
        let_go.wait(120)
        answer = forward()
        arrived.set()
        return answer

    with lossy_proxy(cluster.environ["AWS_ENDPOINT_URL"], to=end) as proxy, simulated_node(cluster.node()):
        proxy.mishaps.append(late)
        far = replace(cluster, environ={**cluster.environ, "AWS_ENDPOINT_URL": proxy.endpoint}).operator(tmp_path / "a")
        with leader_and_follower(far, cluster.operator(tmp_path / "b")) as (leader, follower):
            cluster.submit_all(LINES)
            eventually(60, on_its_way.is_set, leader)
            with standing_still(leader):
                before = all_that_came_of_it(cluster, follower)
                let_go.set()
                eventually(20, arrived.is_set, follower)
                assert all_there_is(cluster) == before
            eventually(30, lambda: leader.ready() and leader.metric("embtune_leader") == 0, leader)
            assert all_there_is(cluster) == before
    assert_nothing_twice(cluster, LINES)


@contextmanager
def leader_and_follower(one: Any, other: Any) -> Iterator[tuple[OperatorProcess, OperatorProcess]]:
    """Args: one, other: operators that are not running yet; the second one comes when the first one leads."""
    with one as leader:
        eventually(60, lambda: leader.ready() and leader.metric("embtune_leader") == 1, leader)
        with other as follower:
            eventually(60, follower.ready, follower)
            assert follower.metric("embtune_leader") == 0
            yield leader, follower


@contextmanager
def standing_still(operator: OperatorProcess) -> Iterator[None]:
    os.kill(operator.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(operator.process.pid, signal.SIGCONT)


def all_that_came_of_it(cluster: Cluster, follower: OperatorProcess) -> dict[str, str]:
    """As soon as the follower has done everything, and shown it."""
    eventually(120, lambda: cluster.all_are("Succeeded"), follower)
    eventually(30, lambda: follower.metric("embtune_versions", stage="Production") == len(set(LINES.values())), follower)
    eventually(
        30, lambda: follower.metric("embtune_versions", stage="Archived") == len(LINES) - len(set(LINES.values())), follower
    )
    return all_there_is(cluster)


def all_there_is(cluster: Cluster) -> dict[str, str]:
    """Every object with its resource version, which changes with every write, and every stored one with its bytes."""
    objects = cluster.objects("finetunejobs,modelversions,jobs,secrets,services")
    shown = {f"{found['kind']} {found['metadata']['name']}": found["metadata"]["resourceVersion"] for found in objects}
    store = cluster.store
    return shown | {found.key: sha256(store.get(found.key)).hexdigest() for found in store.list("")}
