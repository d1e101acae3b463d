"""What is made of the data before anything is written."""

from dataclasses import dataclass

from embtune_api.reports import Finding, LabelReport
from embtune_trainer.prepare.builders import Built
from embtune_trainer.prepare.divide import Divided
from embtune_trainer.prepare.ledger import Ledger
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.split import Division


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
    labels: LabelReport | None = None
    """What is said of them, where they are doubted."""
