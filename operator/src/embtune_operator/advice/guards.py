"""Guard suites for files of what a model must not forget: the kind by what the file holds, and the metric to watch."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.look import AskedFile, LookRequest
from embtune_api.suite_data import SuiteRows
from embtune_operator.advice.ask import look
from embtune_operator.advice.columns import guess_columns
from embtune_operator.advice.job import model_name
from embtune_operator.advice.measured import judged_by

if TYPE_CHECKING:
    from pathlib import Path

    from embtune_api.look import FileLook
    from embtune_api.losses import Shape
    from embtune_api.metrics import SuiteKind

MOST_GUARDS = 7
"""Beside the suite that asks the line's exam."""
_KINDS: dict[Shape, SuiteKind] = {
    "pairs": "Retrieval",
    "triplets": "Triplet",
    "scored pairs": "SemanticSimilarity",
    "labelled texts": "Classification",
}


@dataclass(frozen=True)
class Guard:
    suite: Suite
    metric: str
    """That its gate is on."""


def plan_guards(files: list[Path], folder: Path) -> list[Guard]:
    """A suite for each file, whose paths start at `folder`.

    Raises:
        InvalidInput: too many, or one that nothing is recognised in.
    """
    if not files:
        return []
    if len(files) > MOST_GUARDS:
        raise InvalidInput(f"--guard: {len(files)} files are given, and an evaluation has at most {MOST_GUARDS} guards.")
    uris = [os.path.relpath(file.resolve(), folder.resolve()) for file in files]
    described = look(LookRequest(folder=str(folder), files=[AskedFile(uri=uri) for uri in uris])).files
    guards: list[Guard] = []
    for file, seen in zip(files, described, strict=True):
        name = f"guard-{model_name(file)}"
        taken = {guard.suite.name for guard in guards}
        suite = _suite(seen, name if name not in taken else f"{name}-{len(guards) + 1}")
        guards.append(Guard(suite, judged_by(suite)))
    return guards


def _suite(file: FileLook, name: str) -> Suite:
    columns = guess_columns(file).columns
    rows = SuiteRows(uri=file.uri, header=file.header or None, columns=columns)
    kind = _KINDS[columns.shape]
    if columns.score and _all_yes_or_no(file, columns.score):
        kind = "PairClassification"
    return Suite(name=name, kind=kind, guard=True, data=rows)


def _all_yes_or_no(file: FileLook, score: str) -> bool:
    [values] = [column.values for column in file.columns if column.name == score]
    return {float(value) for value, _ in values} <= {0.0, 1.0}
