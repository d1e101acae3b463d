"""What `prepare` found out, and hands to the steps after it."""

from __future__ import annotations

from embtune_api.auxiliary import AuxiliaryLoss
from embtune_api.base import Document
from embtune_api.documents.files import StoredFile, StoredModel
from embtune_api.losses import Prepared
from embtune_api.sources import Columns


class ResolvedSource(Document):
    """What a mutable data source turned out to be."""

    uri: str
    revision: str | None = None
    """Commit of the hub, where there is one."""
    sha256: str
    size: int
    rows: int
    columns: Columns
    archived: str | None = None
    """Key of the copy that the line keeps; None: it keeps none."""
    weight: float = 1.0
    language: str | None = None


class ResolvedBase(Document):
    """What the base model turned out to be."""

    uri: str
    """`hf://…`, a path, or `<model>@<version>`."""
    revision: str | None = None
    """Commit of the hub, where there is one."""
    model: StoredModel
    dimension: int | None = None
    """Of its vectors; None: its files do not say it."""


class StagedSuite(Document):
    """What `prepare` froze for a suite that does not ask the line's exam alone."""

    name: str
    exam: str
    """Digest of the exam that it asks: its own, or the line's."""
    reranker: StoredModel | None = None
    """The cross-encoder, as the line keeps it."""


class PreparedSet(Document):
    """An auxiliary set, ready to be trained on."""

    name: str
    source: ResolvedSource
    shape: Prepared
    loss: AuxiliaryLoss
    """Every value as it is trained with: never Auto."""
    rows: int
    """To train on, each once."""
    file: StoredFile
    """These rows, as jsonl."""
    archived: StoredFile | None = None
    """The copy of them that the line keeps; None: it keeps none."""

    @property
    def weight(self) -> float:
        """How often its rows are trained on in an epoch."""
        return self.source.weight


class PrepareFacts(Document):
    """`facts` of the prepare step's manifest: what mutable inputs turned out to be (`resolved.json`)."""

    sources: list[ResolvedSource]
    base: ResolvedBase
    bases: dict[str, ResolvedBase] = {}
    """Of the candidates that start elsewhere, by their names: from outside, so that nobody knows what they were trained on."""
    miner: ResolvedBase | None = None
    """Who looked for hard negatives; None: nobody did."""
    teacher: ResolvedBase | None = None
    """Whom the loss learns from: an encoder, or a cross-encoder; None: from nobody."""
    exam: str
    """Digest of the exam that this job is judged on."""
    train_rows: int
    augmented_rows: int = 0
    """Of the rows to train on, those that were made of others."""
    validation_rows: int
    shape: Prepared = "pairs"
    """Of these rows, as they are trained on."""
    exam_queries: int
    exam_shape: Prepared = "pairs"
    """What can be asked: scored pairs, 0/1 pairs, or anything else, which is asked for passages."""
    train: StoredFile
    """The rows to train on, as jsonl."""
    validation: StoredFile | None = None
    """The rows to validate on, as jsonl; None: there are none."""
    archived_train: StoredFile | None = None
    """The copy of them that the line keeps, and later jobs may replay; None: it keeps none."""
    fingerprints: StoredFile
    """Of those rows and of all that the base was trained on."""
    report: StoredFile
    """The `DataReport`."""
    suites: list[StagedSuite] = []
    """What suites ask or take beside the line's exam."""
    auxiliary: list[PreparedSet] = []
    """What is trained on beside these rows."""

    def base_of(self, candidate: str | None) -> ResolvedBase:
        """Where a candidate starts; None: the job has none."""
        return self.bases.get(candidate, self.base) if candidate else self.base


class StagedFacts(Document):
    """`facts` of the prepare step's manifest where a model from outside is registered."""

    base: ResolvedBase
