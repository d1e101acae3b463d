"""A line as Git owns it: an edit of the template makes a new job and a new version, and a request takes it back."""

from typing import Any

from e2e.goods import Goods
from e2e.jobs import LINE, recipe
from e2e.team import Team
from embtune_api.documents.release import Release
from embtune_api.keys import LineKeys
from embtune_store import documents
from embtune_store.protocol import Store

QUICK: dict[str, Any] = {"training": {"epochs": 1}, "runtime": {"nodes": 1}}


def test_an_edit_of_the_template_makes_a_version_and_a_request_takes_it_back(team: Team, goods: Goods, store: Store) -> None:
    team.apply(_line(recipe(goods, **QUICK)))
    team.wait("version 1 in production", lambda: _production(team) == 1)
    (first,) = team.all("finetunejobs")

    team.apply(_line(recipe(goods, **{**QUICK, "training": {"epochs": 1, "seed": 8}})))
    team.wait("version 2 in production", lambda: _production(team) == 2)
    jobs = {job["metadata"]["name"]: job["spec"]["training"]["seed"] for job in team.all("finetunejobs")}
    assert sorted(jobs.values()) == [7, 8]
    assert jobs[first["metadata"]["name"]] == 7
    assert all(name.startswith(f"{LINE}-") for name in jobs)

    team.kubectl("annotate", "modelversion", f"{LINE}-v2", "embtune.dev/request=rollback: slow on short queries")
    team.wait("version 1 in production again", lambda: _production(team) == 1)
    team.wait("an answer", lambda: _answer(team).get("outcome") == "Done")
    release = documents.read(store, LineKeys(team.namespace, LINE).release, Release)
    assert release
    assert release.production
    assert release.production.version == 1
    team.wait("what is shown", lambda: _stages(team) == {1: "Production", 2: "RolledBack"})
    assert len(team.all("finetunejobs")) == 2


def _line(template: dict[str, Any]) -> dict[str, Any]:
    spec = {"template": {"spec": template}}
    return {"apiVersion": "embtune.dev/v1alpha1", "kind": "EmbeddingModel", "metadata": {"name": LINE}, "spec": spec}


def _production(team: Team) -> int | None:
    """As the EmbeddingModel says."""
    line = team.one("embeddingmodel", LINE) or {}
    production = line.get("status", {}).get("production")
    return production["version"] if production else None


def _stages(team: Team) -> dict[int, str]:
    return {version["spec"]["version"]: version.get("status", {}).get("stage", "") for version in team.all("modelversions")}


def _answer(team: Team) -> dict[str, Any]:
    """What became of the request."""
    version = team.one("modelversion", f"{LINE}-v2") or {}
    answer: dict[str, Any] = version.get("status", {}).get("lastRequest", {})
    return answer
