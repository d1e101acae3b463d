"""The same where nobody has installed the training operator: an Indexed Job behind a headless Service trains on two pods."""

from collections.abc import Iterator

import pytest

from cluster import life
from cluster.fixtures import Node
from e2e.goods import Goods
from e2e.jobs import NAME, job
from e2e.outcome import failures
from e2e.team import PYTORCHJOBS, Team, say


@pytest.fixture
def without_pytorch_jobs(node: Node) -> Iterator[None]:
    """They are gone while an operator runs that has known them, and come back at the end."""
    try:
        node.kubectl("delete", "deployment", "training-operator", "--namespace", "kubeflow")
        node.kubectl("delete", "crd", PYTORCHJOBS, "--timeout=60s")
        yield
    finally:
        say("the training operator comes back")
        life.own_workloads().install()


@pytest.mark.usefixtures("without_pytorch_jobs")
def test_two_pods_of_an_indexed_job_train_and_version_1_is_in_production(team: Team, goods: Goods) -> None:
    team.wait("that they are forgotten", lambda: PYTORCHJOBS not in team.node.kubectl("api-resources", "-o", "name"))
    team.apply(job(goods))
    done = team.wait_for_end(NAME)
    assert done.status
    assert done.status.launch
    assert done.status.launch.launcher == "IndexedJob"
    assert done.status.model_version
    assert done.status.model_version.stage == "Production"
    assert failures(done) == {}
    (training,) = team.children(NAME, "train")
    assert training["kind"] == "Job"
    assert training["spec"]["completionMode"] == "Indexed"
    assert training["status"]["completedIndexes"] == "0,1"
    service = team.one("service", training["metadata"]["name"])
    assert service
    assert service["spec"]["clusterIP"] == "None"
