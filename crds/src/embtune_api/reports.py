"""What a step writes for others to read."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from embtune_api.augment_report import AugmentReport
from embtune_api.auxiliary_report import AuxiliaryCourse, AuxiliaryReport
from embtune_api.balance import BalanceBy, BalanceMethod
from embtune_api.base import Document
from embtune_api.check_reports import ClassSizes, LanguageReport, TokenReport
from embtune_api.documents.evaluate import AskedSuite
from embtune_api.encoder import EncoderSettings
from embtune_api.losses import Prepared
from embtune_api.mining_report import MiningReport
from embtune_api.replayed import ReplayReport
from embtune_api.slices import SliceScores
from embtune_api.split import Side, SplitMethod
from embtune_api.status import Metrics
from embtune_api.training_record import (
    LayerNorms,
    LossPoint,
    LossScale,
    MemoryReport,
    Precision,
    TrainingFinding,
    ValidationReport,
)
from embtune_api.tune import TunedPart

Action = Literal["failed", "removed", "kept"]


class Finding(Document):
    """One kind of fault in the data, with where to look."""

    check: str
    """encoding, delimiter (how a file had to be read), empty, duplicates, near-duplicates, conflicts, or a tier of leakage:
    leakage/same-pair, leakage/same-query, leakage/near-duplicate, leakage/answer, leakage/group, leakage/shared-document;
    validation/… alike, and suites/NAME/… of a suite with an exam of its own; suites/NAME: it is too small to judge by;
    suites/NAME/empty, suites/NAME/not-asked, suites/NAME/unknown-label: rows of it that it does not ask, or that cannot be right;
    exam: it is too small to judge by; exam/left-out: texts that it does not ask; validation: it is too small to choose by;
    wordless, out-of-scope, label-noise, age, imbalance; language, language/declared: texts in other languages than the job says;
    too-few/rows, too-few/batch, too-few/labels: what the loss will miss; truncated/training, truncated/published: long texts;
    fragmentation, fragmentation/unknown: words that the base model does not know; tokens: they could not be counted;
    build/alone, build/capped, build/no-negative: what could not be made of the rows to train on, or was not; mine/champion,
    mine/too-few: another model looked for hard negatives than was asked for, or fewer were found; augment/casing: the base model
    does not tell apart what was made; replay/nothing, replay/too-few: no rows were replayed, or fewer than was asked for;
    auxiliary/NAME/… of an auxiliary set"""
    rows: int
    """Rows with that fault; for `exam` and `validation` their queries, for build/capped pairs."""
    action: Action
    message: str
    examples: Annotated[list[str], Field(max_length=5)] = []
    """`file:row: what it says`, five at most."""


class SuspectedLabel(Document):
    """A row whose label the most similar texts do not share. Texts are at most 100 characters."""

    where: str
    """`file:row`"""
    text: str
    label: str
    other: str
    """The label that the neighbours favour."""
    margin: float
    """How much more they favour it, each label by its own standard; rounded to 4 digits."""
    neighbours: Annotated[list[str], Field(max_length=3)]
    """The nearest of that other label: `text → label`."""


class SourceReport(Document):
    """What became of the rows of one source."""

    uri: str
    language: str | None
    weight: float
    read: int
    used: int
    """After checks, before the split."""
    train: int
    """Rows to train on that begin with one of its texts, copies included."""


class LabelReport(Document):
    """What the neighbours of the rows to train on and to validate say about their labels."""

    rows: int
    """Looked at."""
    suspected: int
    ranked: Annotated[list[SuspectedLabel], Field(max_length=200)]
    """The most suspect first, whether suspected or not: a tenth of the rows, and 200 at most."""


class SideReport(Document):
    """What is on one side of the split."""

    rows: int
    queries: int
    """Distinct normalised anchors."""
    groups: int


class PreparedReport(Document):
    """What was made of the rows: what `train` learns from, and validates on."""

    shape: Prepared
    train: int
    """rows, those made by augmentation included"""
    validation: int


class StratumReport(Document):
    """How one value of the column that a split is stratified by was divided, before leakage was looked for."""

    value: str
    """At most 100 characters."""
    rows: int
    shares: dict[Side, float]
    """Of those rows; rounded to 4 digits."""


class SplitReport(Document):
    """How the rows were divided."""

    method: SplitMethod
    sides: dict[Side, SideReport]
    """train and validation: what is left once nothing in them matches the exam; test: what this job's split holds out, which
    is never trained on, and is the exam where this job has frozen it."""
    strata: Annotated[list[StratumReport], Field(max_length=50)] = []
    """Stratified: the values with most rows, 50 at most."""
    strata_in_all: int = 0
    """Stratified: how many values there are."""
    placing: str | None = None
    """Stratified: digest of the side of every group of the data, as the line's ledger has it. The ledger may grow, this stays."""


class ClassReport(Document):
    """How often rows of one class are trained on."""

    value: str
    """At most 100 characters."""
    before: int
    """Rows, as they were made."""
    after: int
    """With copies, and without those that were left out."""


class BalanceReport(Document):
    """How the rows to train on were balanced; weights of sources are in it."""

    by: BalanceBy
    method: BalanceMethod
    before: int
    """rows"""
    after: int
    classes: Annotated[list[ClassReport], Field(max_length=100)]
    """Those with most rows before, 100 at most."""
    classes_in_all: int


class DataReport(Document):
    """What `prepare` found and did. Row numbers are lines of the source file, counted from 1; rows in parquet."""

    rows_read: int
    rows_used: int
    """After checks, before the split."""
    sources: list[SourceReport] = []
    split: SplitReport
    prepared: PreparedReport
    classes: ClassSizes | None = None
    """None: rows have neither labels nor categories."""
    languages: LanguageReport | None = None
    """None: the job does not say which there should be."""
    tokens: TokenReport | None = None
    """None: they were not counted."""
    labels: LabelReport | None = None
    """None: their noise was not looked for."""
    mining: MiningReport | None = None
    """Hard negatives, where they were asked for."""
    replay: ReplayReport | None = None
    """Rows of an earlier version, where they were asked for."""
    balance: BalanceReport | None = None
    """Where it was asked for."""
    augment: AugmentReport | None = None
    """Rows made of rows to train on, where they were asked for."""
    auxiliary: list[AuxiliaryReport] = []
    """Sets that are trained on beside these rows."""
    exam: str
    """Digest of the exam that this job is judged on."""
    exam_frozen_by_this_job: bool
    exam_queries: int
    exam_passages: int
    exam_groups: int
    findings: list[Finding]


class TrainingReport(Document):
    """What `train` did, with what it takes to do it again."""

    recipe: dict[str, Any]
    """Every value explicit."""
    tuned: TunedPart
    """How much of the model learnt."""
    encoder: EncoderSettings
    """What the published model reads and gives."""
    rows: int
    """The main ones."""
    auxiliary: list[AuxiliaryCourse] = []
    """Sets that were trained on beside them."""
    total_steps: int
    resumed_from_step: int | None
    seconds: float
    samples_per_second: float
    device: str
    precision: Precision
    precision_because: str
    """It was asked for, or what the hardware has."""
    skipped_steps: int = 0
    """Whose gradient overflowed in fp16, and which changed no weight."""
    loss_scale: LossScale | None = None
    """At the end; None: not in fp16."""
    processes: int
    masked_negatives: int
    """In-batch negatives left out because they are known positives."""
    forward: Literal["packed", "padded"]
    """packed: no padding but what rounds the number of tokens; padded: the encoder's own way, texts grouped by length."""
    forward_because: str
    """What the check of the packed forward against the padded one found, or why it was not made."""
    padding_factor: float
    """Tokens computed over tokens given; 1.0 is no padding."""
    peak_memory_bytes: int
    curve: list[LossPoint]
    memory: MemoryReport
    layers: list[LayerNorms] = []
    validation: ValidationReport | None = None
    """None: no validation rows were looked at."""
    findings: list[TrainingFinding] = []
    versions: dict[str, str]


class EvaluationReport(Document):
    """Roles beside each other, on the same queries. A function of the request: whoever writes it writes the same bytes."""

    exam: str
    """The line's, which the first suite asked."""
    suites: list[AskedSuite]
    """In the job's order."""
    metrics: dict[Literal["candidate", "base", "champion"], Metrics]
    """Of all suites."""
    slices: list[SliceScores] = []
    """Parts of the line's exam that the job asks for, by name, those with most queries first."""
