"""The exam that a suite's own rows make: all of them are asked."""

from __future__ import annotations

from pathlib import Path

from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.reports import Finding
from embtune_api.split import Split
from embtune_api.suite_data import SuiteRows
from embtune_trainer.prepare.exam import ExamSet
from embtune_trainer.prepare.findings import Hit, settle
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.questions import ask, label_texts, shape_of
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.sources import ReadData, content_at, read_source
from embtune_trainer.prepare.taking import Taker
from embtune_trainer.prepare.telling import untold


def read_rows(
    suite: Suite, wanted: SuiteRows, folder: Path | None, outside: Outside, place: str
) -> tuple[ExamSet, list[Finding]]:
    """What the rows of the suite ask, and what was left out of them.

    Args:
        place: the field of the spec that errors begin with.

    Raises:
        InvalidInput: they cannot be had or read, or ask nothing.
    """
    rows, findings = _rows(suite, wanted, folder, outside, f"{place}.data")
    reference = suite.classification.reference if suite.classification else None
    if reference is None:
        exam = ExamSet(**ask(rows), group_by=wanted.group_by, shape=shape_of(rows))
        if not exam.asked:
            raise InvalidInput(f"{place}.data: no two of its {len(rows)} rows have the same label, so nothing could be asked.")
        return exam, findings
    field = f"{place}.classification.reference"
    known, more = _rows(suite, reference.rows, folder, outside, field)
    exam = _with_reference(rows, known, wanted.group_by)
    learnt = {label for entry in exam.reference for label in entry["labels"]} - {_out_of_scope(suite)}
    if not learnt:
        raise InvalidInput(f"{field}: beside the texts that the suite asks it has no labelled text, so no label can be learnt.")
    return exam, [*findings, *more, *_unknown_labels(suite, rows, learnt)]


def _with_reference(rows: list[Row], known: list[Row], group_by: str | None) -> ExamSet:
    """Every text is asked; a text that is asked is no reference, whatever the file says: it would find itself."""
    queries = label_texts(rows)
    asked = {query["id"] for query in queries}
    reference = [{name: entry[name] for name in ("id", "text", "labels")} for entry in label_texts(known)]
    kept = [entry for entry in reference if entry["id"] not in asked]
    return ExamSet(queries=queries, reference=kept, group_by=group_by, shape="labelled texts")


def _unknown_labels(suite: Suite, rows: list[Row], learnt: set[str]) -> list[Finding]:
    hits = [Hit(row.where, row.label or "") for row in rows if row.label not in {*learnt, _out_of_scope(suite)}]
    message = f"of suite {suite.name} have a label that its reference lacks: no model can be right about them"
    return settle(f"suites/{suite.name}/unknown-label", hits, "Warn", message, f"evaluation.suites[{suite.name}]")


def _out_of_scope(suite: Suite) -> str | None:
    return suite.classification.out_of_scope if suite.classification else None


def _rows(suite: Suite, wanted: SuiteRows, folder: Path | None, outside: Outside, place: str) -> tuple[list[Row], list[Finding]]:
    data, source = ReadData(), wanted.source
    content, revision = content_at(source, folder, place, outside)
    read_source(source, content, revision, Taker(source, Split(group_by=wanted.group_by)), data, None, untold)
    if not data.rows:
        raise InvalidInput(f"{place}.uri: {wanted.uri} has no row with all of its columns filled, so nothing could be asked.")
    findings = settle(f"suites/{suite.name}/empty", data.empty, "Fix", f"of suite {suite.name} cannot be used", place)
    return data.rows, [*findings, *data.findings]
