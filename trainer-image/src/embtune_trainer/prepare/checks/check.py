"""All checks that need no model, in their order."""

from dataclasses import dataclass
from datetime import datetime

from embtune_api.check_reports import LanguageReport
from embtune_api.checks import Checks
from embtune_api.data import Data
from embtune_api.reports import Finding
from embtune_api.training import Training
from embtune_trainer.prepare.builders import Built
from embtune_trainer.prepare.checks.age import young_enough
from embtune_trainer.prepare.checks.duplicates import without_conflicts, without_duplicates
from embtune_trainer.prepare.checks.enough import enough_for_the_method, refuse_too_few
from embtune_trainer.prepare.checks.imbalance import balanced_enough
from embtune_trainer.prepare.checks.languages import of_these_languages
from embtune_trainer.prepare.checks.scope import in_scope, with_words
from embtune_trainer.prepare.findings import settle
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.sources import ReadData
from embtune_trainer.prepare.split import SideOf


@dataclass(frozen=True)
class Checked:
    """The rows that may be used, and what was found on the way."""

    rows: list[Row]
    findings: list[Finding]
    languages: LanguageReport | None
    """None: nobody says which there should be."""


def check_rows(data: ReadData, checks: Checks, side: SideOf, now: datetime) -> Checked:
    """
    Raises:
        InvalidInput: a finding whose action is Fail, or fewer rows than `minRows`.
    """
    unusable = settle("empty", data.empty, checks.empty, "have an empty or unusable column", "data.checks.empty")
    findings = [*data.findings, *unusable]
    rows, found = without_duplicates(data.rows, checks, side)
    findings += found
    rows, found = without_conflicts(rows, checks)
    findings += found
    rows, found = with_words(rows, checks)
    findings += found
    rows, found = in_scope(rows, checks)
    findings += found
    rows, found, languages = of_these_languages(rows, checks)
    findings += found
    rows, found = young_enough(rows, checks, side, now)
    findings += found
    refuse_too_few(rows, data, checks)
    return Checked(rows, findings, languages)


def check_built(train: list[Row], built: Built, wanted: Data, training: Training) -> list[Finding]:
    """What is found in the rows to train on, as they are in the sources and as the loss is given them.

    Raises:
        InvalidInput: a finding whose action is Fail.
    """
    return [*balanced_enough(train, wanted), *enough_for_the_method(built, training, wanted.checks)]
