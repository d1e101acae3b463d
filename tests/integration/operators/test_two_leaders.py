"""Two operators that both lead, far away from the API server: names and swaps alone keep them apart."""

from pathlib import Path

from support.bookkeeping import assert_nothing_twice, operators_writes
from support.operated_cluster import Cluster
from support.operator_process import eventually
from support.simulated_node import simulated_node
from support.watch_proxy import watch_proxy

JOBS = 200
LINES = 100
"""Two jobs in each: one of them is judged against a champion that changes meanwhile."""
LATENCY = 0.2
SETTINGS = {"leaderElection": False, "workers": 48}


def test_two_hundred_jobs_of_two_operators_that_both_lead_leave_nothing_twice(cluster: Cluster, tmp_path: Path) -> None:
    lines = {f"job-{number}": f"line-{number % LINES}" for number in range(JOBS)}
    with watch_proxy(cluster.plane) as proxy, simulated_node(cluster.node()):
        proxy.latency = LATENCY
        kubeconfig = proxy.kubeconfig(tmp_path / "kubeconfig")
        with (
            cluster.operator(tmp_path / "a", kubeconfig, **SETTINGS) as first,
            cluster.operator(tmp_path / "b", kubeconfig, **SETTINGS) as second,
        ):
            eventually(60, lambda: first.ready() and second.ready(), first)
            cluster.submit_all(lines)
            eventually(600, lambda: first.metric("embtune_jobs", phase="Succeeded") == JOBS, first)
            assert cluster.all_are("Succeeded")
            for operator in (first, second):
                assert operator.metric("embtune_reconciles_total", kind="FineTuneJob", result="done") > JOBS
    assert_nothing_twice(cluster, lines)
    assert [entry for entry in operators_writes(cluster.plane.audited()) if entry["responseStatus"]["code"] == 409], "no rivals"
