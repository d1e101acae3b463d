"""One warm process and one tiny model for all tests of the trainer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embtune_trainer.train.ranks import Ranks
from support.cramped import one_process
from support.rows import tldr_pairs
from support.tiny_model import make_tiny_model
from support.tiny_writer import make_reader
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
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), texts_of(pairs))


@pytest.fixture(scope="session")
def teachers(tmp_path_factory: pytest.TempPathFactory, pairs: list[dict[str, str]], tiny_model: Path) -> dict[str, Path]:
    """Tiny random models by what they are: an encoder, a cross-encoder."""
    folder = tmp_path_factory.mktemp("teachers")
    return {
        "encoder": make_tiny_model(folder, texts_of(pairs), seed=5),
        "cross-encoder": make_reader(folder / "reader", tiny_model),
    }


@pytest.fixture(scope="module")
def ranks() -> Iterator[Ranks]:
    """This process alone is a training, for trainings that run in it."""
    with one_process() as ranks:
        yield ranks


def texts_of(pairs: list[dict[str, str]]) -> list[str]:
    return [text for pair in pairs for text in (pair["anchor"], pair["positive"])]
