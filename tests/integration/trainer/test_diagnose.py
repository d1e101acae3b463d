"""Trainings of a tiny model on real rows that are sound, and that are broken in known ways."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from embtune_api.diagnosis import DiagnosisRequest
from embtune_api.errors import InvalidInput
from embtune_api.presets import resolve
from embtune_api.training import Training
from embtune_api.tune import Freeze, Tune
from embtune_operator.diagnose.verdict import Diagnosis, diagnose
from embtune_trainer.diagnose.diagnose import run_diagnosis
from support.rows import tldr_pairs
from support.tiny_model import make_tiny_model
from support.trainer import a_training

ROWS = 600
RECIPE = Training(epochs=2, batch_size=16, max_seq_length=32, learning_rate=2e-3, precision="fp32")
Diagnose = Callable[[Training, list[dict[str, str]]], Diagnosis]


@pytest.fixture(scope="module")
def pairs() -> list[dict[str, str]]:
    return tldr_pairs(ROWS)


@pytest.fixture(scope="module")
def base(pairs: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny"), [text for row in pairs for text in (row["anchor"], row["positive"])])


@pytest.fixture
def diagnosed(base: Path, tmp_path: Path) -> Diagnose:
    def of(recipe: Training, rows: list[dict[str, str]]) -> Diagnosis:
        explicit = resolve(recipe, len(rows))
        training = a_training(tmp_path / "store", base, rows, explicit)
        before = {stored.key for stored in training.store.list("")}
        seen = run_diagnosis(DiagnosisRequest(train=training.request, seconds=3600), lambda _: None)
        assert {stored.key for stored in training.store.list("")} == before, "nothing is written"
        return diagnose(seen, explicit, None)

    return of


def test_a_sound_training_is_healthy(diagnosed: Diagnose, pairs: list[dict[str, str]]) -> None:
    diagnosis = diagnosed(RECIPE, pairs)
    assert diagnosis.healthy, diagnosis
    assert diagnosis.measured.one_batch.learnt > 0.9
    assert diagnosis.measured.run.layers[0].norms.keys() == {"embeddings", "layer 0", "layer 1"}


@pytest.mark.parametrize(("rate", "cause"), [(0.1, "learning rate too high"), (1e-9, "learning rate too low")])
def test_a_rate_that_learns_nothing_is_named(diagnosed: Diagnose, pairs: list[dict[str, str]], rate: float, cause: str) -> None:
    diagnosis = diagnosed(RECIPE.model_copy(update={"learning_rate": rate}), pairs)
    assert diagnosis.causes[0].name == cause, diagnosis
    suggested = diagnosis.measured.sweep.suggested
    assert suggested is not None
    assert 1e-4 < suggested < 3e-2, "in reach of the rate that is sound"


def test_answers_of_other_questions_are_learnt_by_heart_and_no_more(diagnosed: Diagnose, pairs: list[dict[str, str]]) -> None:
    answers = [row["positive"] for row in pairs]
    random.Random(0).shuffle(answers)
    diagnosis = diagnosed(RECIPE, [{**row, "positive": answer} for row, answer in zip(pairs, answers, strict=True)])
    assert diagnosis.measured.one_batch.learnt > 0.9
    assert diagnosis.causes[0].name == "rows that do not belong together", diagnosis


def test_a_model_that_is_frozen_is_refused_as_by_the_training(diagnosed: Diagnose, pairs: list[dict[str, str]]) -> None:
    frozen = RECIPE.model_copy(update={"tune": Tune(freeze=Freeze(parameters=["."]))})
    with pytest.raises(InvalidInput, match="nothing that embeddings are made of would be left to learn"):
        diagnosed(frozen, pairs)
