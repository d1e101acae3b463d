"""What is made of the data before anything is written, or any model is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from embtune_api.check_reports import ClassSizes, LanguageReport, TokenReport
from embtune_api.data import Data
from embtune_api.reports import Finding, LabelReport
from embtune_api.training import Training
from embtune_trainer.prepare.balance import balanced
from embtune_trainer.prepare.builders import Built, build
from embtune_trainer.prepare.checks import check_built, check_rows
from embtune_trainer.prepare.checks.imbalance import class_sizes
from embtune_trainer.prepare.divide import Divided, divide
from embtune_trainer.prepare.exam import ExamSet
from embtune_trainer.prepare.leakage import Protected
from embtune_trainer.prepare.ledger import Ledger
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.sources import ReadData
from embtune_trainer.prepare.split import Division, make_division
from embtune_trainer.prepare.telling import Tell, untold


@dataclass(frozen=True)
class Examined:
    """What is made of the data, as long as the line's ledger and exam are those that were read."""

    ledger: Ledger | None
    """None where the split needs no memory."""
    division: Division
    rows: list[Row]
    """After checks."""
    findings: list[Finding]
    """Of the checks."""
    divided: Divided
    built: Built
    classes: ClassSizes | None
    languages: LanguageReport | None
    tokens: TokenReport | None = None
    """Once there is a base model to count them."""
    labels: LabelReport | None = None
    """What is said of them, where they are doubted."""


def examine(
    data: ReadData,
    wanted: Data,
    training: Training,
    now: datetime,
    *,
    ledger: Ledger | None = None,
    frozen: ExamSet | None = None,
    suites: Sequence[Protected] = (),
    tell: Tell = untold,
) -> Examined:
    """Check, clean, divide and build, given what the line remembers: its ledger and its exam. A new line has neither.

    Args:
        training: what the rows are for.
        now: rows are so much younger.
        suites: exams beside the line's, which must not be trained on.

    Raises:
        InvalidInput: a finding whose action is Fail, or too few rows.
    """
    division = make_division(data.rows, wanted.split, ledger.sides if ledger else {})
    checked = check_rows(data, wanted.checks, division.side, now)
    divided = divide(checked.rows, division.side, frozen, wanted, tell, suites)
    train, built = divided.sides["train"], build_sides(divided, wanted)
    found = check_built(train, balanced(built, wanted), wanted, training)
    return Examined(
        ledger=ledger,
        division=division,
        rows=checked.rows,
        findings=[*checked.findings, *found],
        divided=divided,
        built=built,
        classes=class_sizes(train),
        languages=checked.languages,
    )


def build_sides(divided: Divided, wanted: Data) -> Built:
    """What is trained on and validated with, of the rows on these sides."""
    return build(divided.sides["train"], divided.sides["validation"], wanted.build)
