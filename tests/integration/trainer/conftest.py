"""One warm process and one tiny model for all tests of the trainer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.rows import tldr_pairs
from support.tiny_model import make_tiny_model
from support.trainer import Warm, warm_process


@pytest.fixture(scope="session")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with warm_process(tmp_path_factory.mktemp("warm")) as started:
        yield started


@pytest.fixture(scope="session")
def pairs() -> list[dict[str, str]]:
    return tldr_pairs(240)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory, pairs: list[dict[str, str]]) -> Path:
    texts = [text for pair in pairs for text in (pair["anchor"], pair["positive"])]
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), texts)
