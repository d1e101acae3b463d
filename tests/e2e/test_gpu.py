"""A request for a GPU waits for a node that has one, and lands there.

There is no GPU: the resource is written onto the node's status, as an administrator may do for any extended resource. So this
proves scheduling, and nothing about training on a GPU.
"""

import json
from collections.abc import Iterator

import pytest

from cluster.fixtures import Node
from e2e.goods import Goods
from e2e.jobs import NAME, job
from e2e.team import Team

GPU = "nvidia.com/gpu"


@pytest.fixture
def node_with_gpu(node: Node) -> Iterator[Node]:
    """To be called to let the node advertise a GPU; it has none again at the end."""
    try:
        yield node
    finally:
        _advertise(node, None)


def test_a_training_waits_for_a_gpu_and_lands_on_the_node_that_advertises_one(
    team: Team, goods: Goods, node_with_gpu: Node
) -> None:
    team.apply(job(goods, runtime={"nodes": 1, "gpusPerNode": 1}))
    team.wait("phase Queued", lambda: team.phase(NAME) == "Queued")
    (pod,) = team.pods(NAME, "train")
    assert pod["spec"]["containers"][0]["resources"]["limits"][GPU] == "1"
    team.wait("what it waits for", lambda: f"Insufficient {GPU}" in _waits_for(team))

    _advertise(node_with_gpu, "1")
    placed = team.wait("the pod on the node", lambda: team.pods(NAME, "train")[0]["spec"].get("nodeName"))
    assert placed == node_with_gpu.name
    team.kubectl("delete", "finetunejob", NAME)


def _waits_for(team: Team) -> str:
    """As the status of the job says it."""
    status = team.job(NAME).status
    return " ".join(attempt.message for attempt in status.attempts) if status else ""


def _advertise(node: Node, count: str | None) -> None:
    """None: no more."""
    patch = json.dumps({"status": {"capacity": {GPU: count}, "allocatable": {GPU: count}}})
    node.kubectl("patch", "node", node.name, "--subresource=status", "--type=merge", "--patch", patch)
