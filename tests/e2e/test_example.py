"""examples/tldr/cluster as a new user applies it: the real model, two pods over gloo, production; and a job that is rejected."""

from collections.abc import Iterator

import pytest

from e2e.goods import deliver_the_example
from e2e.installation import Installation
from e2e.team import Team, say, team_of
from e2e.warehouse import Warehouse
from embtune_api.documents.release import Release
from embtune_api.keys import LineKeys
from embtune_operator.registry.versions import list_versions
from embtune_store import documents
from embtune_store.protocol import Store
from support.chart import ROOT

EXAMPLE = ROOT / "examples" / "tldr" / "cluster"
LINE = LineKeys("search", "tldr-search")


@pytest.fixture(scope="module")
def search(warehouse: Warehouse, installation: Installation) -> Iterator[Team]:
    deliver_the_example(warehouse)
    with team_of(installation.node, warehouse, "search") as team:
        team.node.kubectl("apply", "-f", EXAMPLE / "namespace.yaml")
        yield team


def test_two_pods_train_and_version_1_is_in_production(search: Team, store: Store) -> None:
    search.kubectl("apply", "-f", EXAMPLE / "job.yaml")
    job = search.wait_for_end("tldr-search-1", seconds=900)
    assert job.status
    assert job.status.verdict
    assert job.status.model_version
    assert (job.status.verdict.outcome, job.status.model_version.stage) == ("Passed", "Production")
    assert job.status.launch
    assert job.status.launch.launcher == "PyTorchJob"
    training = search.pods("tldr-search-1", "train")
    assert [pod["metadata"]["name"].rpartition("-")[2] for pod in training] == ["0", "1"]
    assert all(pod["status"]["phase"] == "Succeeded" for pod in training)
    release = documents.read(store, LINE.release, Release)
    assert release
    assert release.production
    assert release.production.version == 1


def test_a_second_job_is_rejected_by_its_gate_and_production_stays(search: Team, store: Store) -> None:
    before = store.get(LINE.release)
    search.kubectl("apply", "-f", EXAMPLE / "job-2.yaml")
    job = search.wait_for_end("tldr-search-2", seconds=900)
    assert job.status
    assert job.status.verdict
    assert job.status.model_version
    assert (job.status.verdict.outcome, job.status.model_version.stage) == ("Rejected", "Rejected")
    (promoted,) = (condition for condition in job.status.conditions if condition.type == "Promoted")
    assert promoted.status == "False"
    assert promoted.message == "tldr-search v2 is kept; production is unchanged"
    assert "over production v1" in job.status.verdict.gates[0].line
    assert store.get(LINE.release) == before
    assert {version.number: version.stage for version in list_versions(store, LINE)} == {1: "Production", 2: "Rejected"}


def test_kubectl_get_tells_the_story(search: Team) -> None:
    said = search.kubectl("get", "ftj,mv,em")
    say(f"$ kubectl get ftj,mv,em --namespace search\n{said}")
    lines = {line.split()[0].partition("/")[2]: line for line in said.splitlines() if "/" in line}
    assert "Succeeded" in lines["tldr-search-1"]
    assert "Passed" in lines["tldr-search-1"]
    assert "Succeeded" in lines["tldr-search-2"]
    assert "Rejected" in lines["tldr-search-2"]
    assert "Production" in lines["tldr-search-v1"]
    assert "Rejected" in lines["tldr-search-v2"]
