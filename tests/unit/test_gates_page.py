"""The job of docs/gates.md is good, its files are there, and its words and numbers are those of the code."""

import re
from pathlib import Path

from ruamel.yaml import YAML

from embtune_api.contract import EmbeddingContract
from embtune_api.resources import FineTuneJob
from embtune_api.slices import MOST_SLICES, Slice
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES
from embtune_operator.judge.verdict import MOST_LOOKS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "gates.md").read_text(encoding="utf-8")
(JOB,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def test_the_job_is_good_and_its_files_are_there() -> None:
    job = FineTuneJob.model_validate(YAML(typ="safe").load(JOB))
    for source in job.spec.data.train:
        assert (ROOT / source.uri).is_file()
    assert [gate.slice for gate in job.spec.promotion.gates if gate.of_every_slice] == ["language=*", "length=*"]


def test_every_row_about_slices_is_a_good_slice() -> None:
    cells = re.findall(r"^\| `(\{(?:column|by).*?\})` \|", PAGE, re.MULTILINE)
    assert len(cells) == 5
    for cell in cells:
        assert Slice.model_validate(YAML(typ="safe").load(cell))
    assert f"the {MOST_SLICES} with most queries" in PAGE


def test_numbers_and_names_are_those_of_the_code() -> None:
    assert f"fewer than {MIN_QUERIES} queries or {MIN_GROUPS} groups" in PAGE
    assert f"from the {MOST_LOOKS}th on" in PAGE
    for name, field in EmbeddingContract.model_fields.items():
        assert f"`{field.alias or name}`" in PAGE
