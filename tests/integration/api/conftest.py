from collections.abc import Iterator

import pytest

from integration.api.server import Server
from servers.control_plane import ControlPlane


@pytest.fixture(scope="session")
def server(embtune_plane: ControlPlane) -> Iterator[Server]:
    with Server(embtune_plane, "specs") as server:
        yield server
