"""The jobs of docs/evaluation.md are good, and its words are those of the models."""

import re
from pathlib import Path
from typing import get_args

from ruamel.yaml import YAML

from embtune_api.metrics import PLAIN_METRICS, RANKED_KINDS, RETRIEVAL_METRICS, SUITE_KINDS
from embtune_api.reading import read_resource
from embtune_api.resources import FineTuneJob
from embtune_api.suite_settings import ClassificationSettings
from embtune_trainer.prepare.questions import MOST_OF_A_LABEL

PAGE = (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \|(.*)$", PAGE, re.MULTILINE))


def test_its_jobs_are_good() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    jobs = [read_resource(FineTuneJob, YAML(typ="safe").load(block), cluster=True) for block in blocks]
    suites = [[suite.name for suite in job.spec.evaluation.suites] for job in jobs]
    assert suites == [["test", "general", "web", "intents"], ["test", "general"]]


def test_every_kind_is_told_with_its_metrics() -> None:
    assert ROWS.keys() == {*SUITE_KINDS}
    for kind in SUITE_KINDS:
        if kind != "Reranking":
            names = [f"`{name}@k`" for name in RETRIEVAL_METRICS] if kind in RANKED_KINDS else []
            assert " ".join(names or [f"`{name}`" for name in PLAIN_METRICS[kind]]) in ROWS[kind]
    for word in get_args(ClassificationSettings.model_fields["by"].annotation):
        assert f"`by: {word}`" in PAGE
    assert f"at most {MOST_OF_A_LABEL} texts of a" in PAGE
