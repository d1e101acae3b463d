"""The job of docs/auxiliary.md is good, and the page tells every field and refusal."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from embtune_api.auxiliary import MAIN, AuxiliaryLoss, AuxiliarySet
from embtune_api.losses import TEACHERS
from embtune_api.resources import FineTuneJob
from embtune_api.training import FEWEST_LABELLED
from embtune_trainer.prepare.divide import FEWEST_TRAINING_ROWS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "auxiliary.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_job_is_good_and_its_data_is_there() -> None:
    job = FineTuneJob.model_validate(YAML(typ="safe").load(BLOCK), context={"cluster": False})
    sources = [*job.spec.data.train, *(one.train for one in job.spec.data.auxiliary or [])]
    assert len(sources) == 3
    assert all((ROOT / source.uri).exists() for source in sources)


def test_every_field_is_told() -> None:
    told = set(re.findall(r"`([\w.]+)`", PAGE))
    assert {field.alias or name for name, field in AuxiliarySet.model_fields.items()} - {"loss"} <= told
    assert {f"loss.{name}" for name in AuxiliaryLoss.model_fields} <= told
    assert {*TEACHERS, MAIN} <= told


def test_numbers_are_those_of_the_code() -> None:
    assert f"a `batchSize` below {FEWEST_LABELLED}" in PAGE
    assert FEWEST_TRAINING_ROWS == 2
    assert "Fewer than two rows left" in PAGE
