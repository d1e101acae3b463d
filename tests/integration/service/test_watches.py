"""An operator that no longer hears what happens says so, and hears again as soon as it can."""

import urllib.request
from pathlib import Path

import pytest

from support.operated_cluster import Cluster
from support.operator_process import eventually
from support.simulated_node import simulated_node
from support.watch_proxy import watch_proxy

WATCH_SECONDS = 5
"""A tenth of the default; everything else follows from it."""


@pytest.mark.parametrize("headers", [True, False], ids=["headers come through", "nothing comes through"])
def test_watches_that_are_open_but_bring_nothing_make_it_unready_until_they_live_again(
    headers: bool, cluster: Cluster, tmp_path: Path
) -> None:
    with watch_proxy(cluster.plane) as proxy:
        kubeconfig = proxy.kubeconfig(tmp_path / "kubeconfig")
        settings = {"watchSeconds": WATCH_SECONDS, "leaderElection": False}
        with cluster.operator(tmp_path / "operator", kubeconfig, **settings) as operator, simulated_node(cluster.node()):
            eventually(30, operator.ready, operator)
            proxy.headers, proxy.silent = headers, True
            eventually(3 * WATCH_SECONDS, lambda: not operator.ready(), operator)
            with urllib.request.urlopen(f"{proxy.url}/apis/embtune.dev/v1alpha1/finetunejobs", timeout=5) as answer:
                assert answer.status == 200
            assert operator.status("/livez") == 200
            cluster.submit("unheard")
            proxy.silent = False
            eventually(60, lambda: cluster.all_are("Succeeded"), operator)
            eventually(30, operator.ready, operator)


def test_healthy_watches_of_a_cluster_where_nothing_happens_stay_ready(cluster: Cluster, tmp_path: Path) -> None:
    with cluster.operator(tmp_path, watchSeconds=WATCH_SECONDS) as operator:
        eventually(30, operator.ready, operator)
        oldest = 0.0
        for _ in range(4 * WATCH_SECONDS):
            with pytest.raises(AssertionError):
                eventually(1, lambda: not operator.ready())
            oldest = max(oldest, operator.metric("embtune_watch_age_seconds", kind="FineTuneJob"))
        assert oldest < 1.5 * WATCH_SECONDS
        assert operator.metric("embtune_watch_restarts_total") == 0
