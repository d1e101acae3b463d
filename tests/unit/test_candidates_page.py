"""The job of docs/candidates.md is good, and the page tells every field, phase and number."""

import re
from pathlib import Path
from typing import get_args

from ruamel.yaml import YAML

from embtune_api.candidates import Candidate, CandidateTraining
from embtune_api.losses import TEACHERS
from embtune_api.resources import FineTuneJob
from embtune_api.status import CandidateStatus
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES
from embtune_operator.judge.measure import CONFIDENCE
from embtune_trainer.look.validation import MOST_QUESTIONS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "candidates.md").read_text(encoding="utf-8")
(BLOCK,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_job_is_good_and_its_data_is_there() -> None:
    job = FineTuneJob.model_validate(YAML(typ="safe").load(BLOCK), context={"cluster": False})
    assert job.spec.candidates
    assert (ROOT / job.spec.data.train[0].uri).exists()


def test_every_word_is_told() -> None:
    told = set(re.findall(r"`(\w+)`", PAGE))
    fields = {field.alias for model in (Candidate, CandidateTraining) for field in model.model_fields.values()}
    assert fields <= told
    assert set(get_args(CandidateStatus.model_fields["phase"].annotation)) <= told
    assert all(loss in PAGE for loss in TEACHERS)


def test_numbers_are_those_of_the_code() -> None:
    assert f"at most {MOST_QUESTIONS:,} questions" in PAGE
    assert f"Fewer than {MIN_QUERIES} questions or {MIN_GROUPS} groups" in PAGE
    assert f"at {CONFIDENCE * 100:g} % for each pair" in PAGE
