"""What the rows of each side become, and what could not be made of them."""

from dataclasses import dataclass, field

from embtune_api.augment_report import AugmentReport
from embtune_api.build import Build
from embtune_api.errors import InvalidInput
from embtune_api.losses import Prepared
from embtune_api.mining_report import MiningReport
from embtune_api.replayed import ReplayReport
from embtune_api.reports import BalanceReport, Finding
from embtune_trainer.prepare.builders.labelled import InClass, in_class_pairs, with_another_label
from embtune_trainer.prepare.builders.sampled import with_same_category
from embtune_trainer.prepare.findings import Hit, counted, settle
from embtune_trainer.prepare.rows import Row

FEWEST = 2
"""One row has no other to be told apart from."""
_SETTING = "data.build"


@dataclass(frozen=True)
class Built:
    """Rows as a loss learns from them."""

    train: list[Row]
    validation: list[Row]
    findings: list[Finding] = field(default_factory=list)
    """About the rows to train on."""
    mining: MiningReport | None = None
    """Where hard negatives were added to them."""
    replay: ReplayReport | None = None
    """Where rows of an earlier version were added."""
    balance: BalanceReport | None = None
    """Where they were balanced."""
    augment: AugmentReport | None = None
    """Where rows were made of them."""

    @property
    def shape(self) -> Prepared:
        """Of the rows to train on; pairs of which some have negatives are pairs."""
        if self.train[0].shape == "scored pairs":
            return "0/1 pairs" if {row.score for row in self.train} <= {0.0, 1.0} else "scored pairs"
        return "pairs" if any(row.shape != self.train[0].shape for row in self.train) else self.train[0].shape


def build(train: list[Row], validation: list[Row], wanted: Build, field: str = "data.train") -> Built:
    """What is trained on, and validated on.

    Args:
        field: the field of the spec that the rows are of.

    Raises:
        InvalidInput: fewer than two rows can be made of those to train on, or pairs whose label says whether they are one.
    """
    _refuse_judgements([*train, *validation], field)
    rows, findings = _built(train, wanted)
    if len(rows) < FEWEST:
        told = "; ".join(f"{counted(finding.rows)} {finding.message}" for finding in findings)
        raise InvalidInput(f"data.build: {counted(len(rows))} can be made to train on. {told}. Add texts with the same labels.")
    return Built(rows, _built(validation, wanted)[0], findings)


def _built(rows: list[Row], wanted: Build) -> tuple[list[Row], list[Finding]]:
    if rows and rows[0].shape == "labelled texts" and wanted.labelled_texts != "Batches":
        return _of_labelled(rows, wanted)
    if wanted.negatives == "SameCategory":
        pairs, without = with_same_category(rows, wanted)
        hits = [Hit(row.where, f"{row.anchor} (category {row.category})") for row in without]
        return pairs, settle("build/no-negative", hits, "Warn", "have no wrong answer in their category", _SETTING)
    return rows, []


def _of_labelled(rows: list[Row], wanted: Build) -> tuple[list[Row], list[Finding]]:
    made = in_class_pairs(rows, wanted)
    alone = [Hit(row.where, f"{row.anchor} → {row.label}") for row in made.alone]
    findings = [
        *settle("build/alone", alone, "Fix", "are left out: no other text has their label, to make a pair with", _SETTING),
        *_capped(made, wanted),
    ]
    if wanted.labelled_texts != "Triplets":
        return made.pairs, findings
    triplets, without = with_another_label(made.pairs, rows, wanted.seed)
    hits = [Hit(row.where, f"{row.anchor} → {row.label}") for row in without]
    findings += settle("build/no-negative", hits, "Fix", "are left out: there is no text of another label", _SETTING)
    return triplets, findings


def _capped(made: InClass, wanted: Build) -> list[Finding]:
    left_out = made.possible - len(made.pairs)
    if not left_out:
        return []
    message = (
        f"pairs of one label are left out of the {made.possible} that could be made: {len(made.pairs)} are, at most "
        f"{wanted.pairs_per_text} that begin with one text and {wanted.pairs_per_label} of one label (data.build.pairsPerText, "
        f"pairsPerLabel)"
    )
    return [Finding(check="build/capped", rows=left_out, action="kept", message=message)]


def _refuse_judgements(rows: list[Row], field: str) -> None:
    """A ranking loss takes every pair for a right one; a column of 0 and 1 says which of them are not."""
    if {row.label for row in rows if row.shape == "pairs"} not in _JUDGEMENTS:
        return
    wrong = [row for row in rows if row.label in _NO]
    first = min(wrong, key=lambda row: row.content)
    raise InvalidInput(
        f"{field}: {len(wrong)} of {counted(len(rows))} say {first.label} in the column of the label, one is {first.where}; "
        f"the others say {_YES[_NO.index(first.label or '')]}. A label says what pairs have in common, but these look like "
        f"judgements, and pairs that are none would be learnt as right answers. Map sentence1, sentence2 and score instead of "
        f"anchor, positive and label, or leave the wrong pairs out."
    )


_NO = ("0", "0.0", "false", "False")
_YES = ("1", "1.0", "true", "True")
_JUDGEMENTS: list[set[str | None]] = [{no, yes} for no, yes in zip(_NO, _YES, strict=True)]
