"""One cluster, one installation of embtune and one warehouse for all tests; a namespace of its own for each story."""

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from cluster.fixtures import Node, node
from e2e.goods import Goods, delivered
from e2e.installation import Installation, installed
from e2e.team import Team, team_of
from e2e.values import SMALL, chart_values
from e2e.warehouse import Warehouse, stocked_warehouse
from embtune_store import open_store
from embtune_store.protocol import Store

__all__ = ["node"]

TOO_SMALL = {**SMALL, "resources": {**SMALL["resources"], "train": {"limits": {"memory": "200Mi"}}}}


@pytest.fixture(scope="session")
def warehouse(node: Node) -> Warehouse:
    return stocked_warehouse(node)


@pytest.fixture(scope="session")
def goods(warehouse: Warehouse) -> Goods:
    return delivered(warehouse)


@pytest.fixture(scope="session")
def values(node: Node, warehouse: Warehouse) -> dict[str, Any]:
    """What the platform team says about this cluster."""
    profiles = {"default": SMALL, "too-small": TOO_SMALL}
    hurry = {"pollSeconds": 2, "backoffSeconds": 2, "stallSeconds": 45, "startGraceSeconds": 120}
    return chart_values(node, warehouse.chart_values(), profiles=profiles, **hurry)


@pytest.fixture(scope="session")
def installation(
    node: Node, warehouse: Warehouse, values: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    with installed(node, warehouse, tmp_path_factory.mktemp("helm"), values, "embtune-system") as installation:
        yield installation


@pytest.fixture(scope="session")
def store(warehouse: Warehouse) -> Iterator[Store]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in warehouse.environ().items():
            patch.setenv(name, value)
        yield open_store(warehouse.uri)


@pytest.fixture(scope="session")
def new_team(warehouse: Warehouse, installation: Installation) -> Iterator[Callable[[str], Team]]:
    """Makes a namespace; all are removed at the end, while the operator is there."""
    with ExitStack() as stack:
        yield lambda name: stack.enter_context(team_of(installation.node, warehouse, f"{name}-{uuid.uuid4().hex[:6]}"))


@pytest.fixture
def team(new_team: Callable[[str], Team], request: pytest.FixtureRequest) -> Team:
    return new_team(request.module.__name__.rpartition(".")[2].removeprefix("test_").replace("_", "-"))
