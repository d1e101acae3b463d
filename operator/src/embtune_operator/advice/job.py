"""A FineTuneJob as people would write it, with the reasons beside the values."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.evaluation import Suite
    from embtune_api.sources import DataSource
    from embtune_api.split import Split
    from embtune_api.suite_data import SuiteRows
    from embtune_operator.advice.guards import Guard
    from embtune_operator.advice.proposal import Plan, Recipe

_SAYS_NOTHING = frozenset({"train", "test", "dev", "data", "sample", "dataset"})


def model_name(file: Path) -> str:
    """Of a line: the file's name, or its folder's where that of the file could be anybody's."""
    stem = file.name.split(".")[0]
    name = file.resolve().parent.name if stem.lower() in _SAYS_NOTHING else stem
    label = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:50].strip("-")
    return label if label and label != "jobs" else "my-model"


def job_yaml(name: str, base: str, plan: Plan, recipe: Recipe, rows: int, guards: Sequence[Guard] = ()) -> str:
    """The file's text, for `rows` rows to train on."""
    training = recipe.training
    sources = "\n".join(f"    - {_source(source)}" for source in plan.data.train)
    empty = f"  # {plan.empty} cells are blank; Fail refuses the job instead" if plan.empty else ""
    return f"""\
# Written by `embtune init`. Check it with `embtune data`, run it with `embtune run`.
apiVersion: embtune.dev/v1alpha1
kind: FineTuneJob
metadata: {{name: {name}-1}}
spec:
  model: {name}  # the line that the version is numbered in
  baseModel: {{uri: {_text(base)}}}
  data:
    train:  # {plan.data.train[0].columns.shape}; paths start at this file
{sources}
    # {plan.split_reason}.
    # {plan.group_reason}.
    split: {_split(plan.data.split)}
    checks: {{empty: {plan.data.checks.empty}, duplicates: Fix, leakage: Fix}}{empty}
  training:  # loss, epochs, batch size and rate: the preset's for {rows} rows
    loss: {{name: {training.loss.name}}}
    epochs: {training.epochs}
    batchSize: {training.batch_size}
    learningRate: {training.learning_rate:.1e}
    # {recipe.length_reason}.
    maxSeqLength: {training.max_seq_length}
  # Prompts: {recipe.prompts}.
  evaluation:
    suites:
    - {{name: {recipe.suite.name}, kind: {recipe.suite.kind}}}
{_guard_suites(guards)}\
  promotion:
    policy: Automatic
    gates:
    # Better than the untouched base, with 95 % confidence ...
    - {{metric: "{recipe.metric}", minDelta: 0.0, against: Base, confidence: 0.95}}
    # ... and at most 0.01 worse than the version in production, which is the base while there is none.
    - {{metric: "{recipe.metric}", minDelta: -0.01, against: Production, confidence: 0.95}}
{_guard_gates(guards)}"""


def _guard_suites(guards: Sequence[Guard]) -> str:
    if not guards:
        return ""
    told = "    # What it could do before, and must not forget: rows that match these are not trained on.\n"
    return told + "".join(f"    - {_guard_suite(guard.suite)}\n" for guard in guards)


def _guard_suite(suite: Suite) -> str:
    assert suite.data
    return f"{{name: {suite.name}, kind: {suite.kind}, guard: true, data: {_source(suite.data)}}}"


def _guard_gates(guards: Sequence[Guard]) -> str:
    if not guards:
        return ""
    told = "    # ... and what it could do before may get at most 0.02 worse.\n"
    rule = "minDelta: -0.02, against: Base, confidence: 0.95"
    return told + "".join(f'    - {{metric: "{guard.metric}", {rule}}}\n' for guard in guards)


def _source(source: DataSource | SuiteRows) -> str:
    columns = ", ".join(f"{role}: {_text(name)}" for role, name in source.columns.model_dump(exclude_none=True).items())
    header = f"header: [{', '.join(map(_text, source.header))}], " if source.header else ""
    return f"{{uri: {_text(source.uri)}, {header}columns: {{{columns}}}}}"


def _split(split: Split) -> str:
    group = f", groupBy: {_text(split.group_by)}" if split.group_by else ""
    return f"{{method: {split.method}, validation: {split.validation}, test: {split.test}{group}}}"


def _text(value: str) -> str:
    """A JSON string is a YAML string whatever is in it."""
    return json.dumps(value, ensure_ascii=False)
