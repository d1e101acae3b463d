"""One store of each kind, empty."""

from pathlib import Path

import pytest

from embtune_store import Store, open_store
from servers.fixtures import reach

KINDS = ("memory", "folder", "minio", "versitygw")


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Each of the four."""
    if request.param == "memory":
        return open_store("memory://")
    if request.param == "folder":
        return open_store(str(tmp_path / "store"))
    return open_store(reach(request.getfixturevalue(request.param), monkeypatch))


@pytest.fixture(params=["folder", "minio"])
def shared_store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    """One that several processes can open."""
    if request.param == "folder":
        return open_store(str(tmp_path / "store"))
    return open_store(reach(request.getfixturevalue(request.param), monkeypatch))
