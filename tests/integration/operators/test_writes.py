"""How often operators write to the API server, as its audit log has it."""

import time
from collections import Counter
from pathlib import Path

from support.bookkeeping import operators_writes
from support.operated_cluster import Cluster
from support.operator_process import eventually
from support.simulated_node import simulated_node

MOST_WRITES = 15
"""For each job, from its creation to its promoted version."""
JOBS = 20
IDLE_SECONDS = 25.0
"""Five watches and five leases long."""


def test_a_job_costs_at_most_fifteen_writes_and_what_has_ended_costs_none(cluster: Cluster, tmp_path: Path) -> None:
    lines = {f"job-{number}": f"line-{number}" for number in range(JOBS)}
    with cluster.operator(tmp_path, watchSeconds=5) as operator, simulated_node(cluster.node()):
        eventually(60, lambda: operator.ready() and operator.metric("embtune_leader") == 1, operator)
        before = len(cluster.plane.audited())
        cluster.submit_all(lines)
        eventually(120, lambda: cluster.all_are("Succeeded"), operator)
        eventually(30, lambda: operator.metric("embtune_versions", stage="Production") == JOBS, operator)
        rested = len(cluster.plane.audited())
        busy, leases = operators_writes(cluster.plane.audited()[before:rested]), operator.metric("embtune_leader")
        assert JOBS * 4 < len(busy) <= JOBS * MOST_WRITES, Counter(
            (entry["verb"], entry["objectRef"]["resource"], entry["responseStatus"]["code"]) for entry in busy
        )
        time.sleep(IDLE_SECONDS)
        assert operators_writes(cluster.plane.audited()[rested:]) == []
        assert leases == operator.metric("embtune_leader") == 1


def test_the_second_job_of_a_line_pays_for_showing_that_the_first_version_is_archived(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.operator(tmp_path) as operator, simulated_node(cluster.node()):
        eventually(60, lambda: operator.ready() and operator.metric("embtune_leader") == 1, operator)
        for number in range(3):
            before = len(cluster.plane.audited())
            cluster.submit(f"job-{number}")
            eventually(60, lambda: cluster.all_are("Succeeded"), operator)
            eventually(30, lambda number=number: operator.metric("embtune_versions", stage="Archived") == number, operator)
            assert len(operators_writes(cluster.plane.audited()[before:])) <= MOST_WRITES
