"""Train, validation and exam, once nothing that must stay unseen is left among the rows to train on."""

from collections.abc import Sequence
from dataclasses import dataclass

from embtune_api.data import Data
from embtune_api.errors import InvalidInput
from embtune_api.reports import Finding
from embtune_api.split import Side
from embtune_trainer.prepare.exam import ExamSet, make_exam
from embtune_trainer.prepare.findings import counted
from embtune_trainer.prepare.leakage import Protected, hold_out, protect_exam, protect_validation, shared_documents
from embtune_trainer.prepare.near_repeats import drop_near_repeats
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.split import SideOf, how_to_get_more, split_rows
from embtune_trainer.prepare.telling import Tell, told_as, untold

FEWEST_TRAINING_ROWS = 2
"""One row has no other to be told apart from."""


@dataclass(frozen=True)
class Divided:
    """The rows on each side."""

    exam: ExamSet
    sides: dict[Side, list[Row]]
    """train and validation without what matches the exam, or each other; test as the split holds it out."""
    findings: list[Finding]


def divide(
    rows: list[Row],
    side: SideOf,
    frozen: ExamSet | None,
    data: Data,
    tell: Tell = untold,
    suites: Sequence[Protected] = (),
) -> Divided:
    """What may be trained on, given the line's exam; without one, given the exam that the held-out rows make.

    Held-out rows are never trained on, whoever's exam it is: a retry of the line's first job, which then finds its own
    exam frozen, has the same result.

    Args:
        suites: what else must not be trained on, or chosen by.

    Raises:
        InvalidInput: too few rows on a side, or a leak whose action is Fail.
    """
    sides, leakage = split_rows(rows, side), data.checks.leakage
    exam = frozen or make_exam(sides["test"], data.split)
    clean, findings = hold_out([*sides["train"], *sides["validation"]], protect_exam(exam), leakage, told_as(tell, 0, 0.4))
    for suite in suites:
        clean, more = hold_out(clean, suite, leakage)
        findings += more
    clean_sides = split_rows(clean, side)
    validation = clean_sides["validation"]
    train, overlap = hold_out(clean_sides["train"], protect_validation(validation), leakage, told_as(tell, 0.4, 0.7))
    train, repeats = drop_near_repeats(train, data.checks.near_duplicates, told_as(tell, 0.7, 1))
    _refuse_too_few(train, sides, data)
    shared = shared_documents([*train, *validation], exam, leakage)
    kept: dict[Side, list[Row]] = {"train": train, "validation": validation, "test": sides["test"]}
    return Divided(exam, kept, [*findings, *overlap, *repeats, *shared])


def _refuse_too_few(train: list[Row], sides: dict[Side, list[Row]], data: Data) -> None:
    if len(train) < FEWEST_TRAINING_ROWS:
        raise InvalidInput(
            f"data.split: {counted(len(train))} would be left to train on: of {sum(map(len, sides.values()))} usable rows "
            f"{len(sides['test'])} are held out for the exam, {len(sides['validation'])} for validation, and "
            f"{len(sides['train']) - len(train)} match one of these or "
            f"nearly repeat another. Add rows, or {how_to_get_more('train', data.split)}."
        )
