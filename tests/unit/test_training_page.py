"""The job of docs/training.md is good, and every word of its fields and of its findings is told."""

import re
from pathlib import Path
from typing import get_args

from ruamel.yaml import YAML

from embtune_api import presets
from embtune_api.diagnosis import DiagnosisRequest
from embtune_api.early_stopping import EarlyStopping, ValidationMetric
from embtune_api.resources import FineTuneJob
from embtune_api.training_record import TrainingFinding
from embtune_operator.diagnose.causes import LEARNT, CauseName
from embtune_trainer.diagnose import effort, rates
from embtune_trainer.train import scaling

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_job_is_good_and_its_data_is_there() -> None:
    job = FineTuneJob.model_validate(YAML(typ="safe").load(BLOCK), context={"cluster": False})
    assert job.spec.training.early_stopping
    assert (ROOT / job.spec.data.train[0].uri).exists()


def test_every_word_is_told() -> None:
    told = set(re.findall(r"`([\w.@/]+)`", PAGE))
    fields = {f"earlyStopping.{field.alias}" for field in EarlyStopping.model_fields.values()}
    assert fields | {"microBatchSize", "activationCheckpointing", "evaluationSteps"} <= told
    assert {str(metric) for metric in _words(ValidationMetric)} <= told
    assert set(get_args(TrainingFinding.model_fields["check"].annotation)) <= told


def test_numbers_are_those_of_the_code() -> None:
    assert f"{presets._ROWS_A_LOOK:,} rows passed" in PAGE
    assert f"at most {presets._MOST_QUESTIONS} questions" in PAGE
    assert f"every {presets._PASSED_A_QUESTION} rows" in PAGE
    assert f"{presets.FEWEST_VALIDATED} validation rows or more" in PAGE
    assert f"Default: {EarlyStopping().patience}" in PAGE
    assert f"more than\n{scaling.MANY * 100:.0f} % of the steps (and more than {scaling.A_FEW})" in PAGE


def test_the_diagnosis_is_told_with_its_causes_and_numbers() -> None:
    assert {name for name in get_args(CauseName) if name != "data" and f"`{name}`" not in PAGE} == set()
    assert f"from {rates.LOWEST:.0e} to {rates.HIGHEST:g}" in PAGE
    assert f"up to {effort._SWEEP} steps" in PAGE
    assert f"up to {effort._ONE_BATCH} steps" in PAGE
    assert f"up to {effort._RUN} steps" in PAGE
    assert f"about {effort._SWEEP + effort._ONE_BATCH + effort._RUN} steps" in PAGE
    assert f"{effort.MOST_ROWS} rows at most" in PAGE
    assert f"{LEARNT:.0%}".replace("%", " %") + " or more" in PAGE
    assert f"about {DiagnosisRequest.model_fields['seconds'].default / 60:.0f} minutes" in PAGE


def _words(union: object) -> set[str]:
    return {word for part in get_args(union) for word in ([part] if isinstance(part, str) else _words(part))}
