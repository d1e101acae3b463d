"""The JSON documents of the store. Each is written once, create-only, unless it says otherwise."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from embtune_api.base import Document
from embtune_api.contract import EmbeddingContract
from embtune_api.digest import digest_of, tree_digest
from embtune_api.encoder import EncoderSettings
from embtune_api.evaluation import Suite
from embtune_api.keys import ResultKeys, VersionKeys
from embtune_api.losses import Prepared, Shape
from embtune_api.slices import SliceScores
from embtune_api.sources import Columns
from embtune_api.status import FineTuneJobStatus, StepName
from embtune_api.verdict import Verdict

if TYPE_CHECKING:
    from embtune_api.reports import EvaluationReport


class FileEntry(Document):
    """One file below a prefix, as it was written."""

    path: str
    """Relative to the manifest's folder, with forward slashes."""
    size: int
    """bytes"""
    sha256: str

    def below(self, folder: str) -> StoredFile:
        """The same file by its whole key, given the key of its manifest's folder."""
        return StoredFile(key=f"{folder}/{self.path}", size=self.size, sha256=self.sha256)


class StoredFile(Document):
    """One file in the store, with what its bytes must be: whoever reads it later verifies them."""

    key: str
    size: int
    """bytes"""
    sha256: str


class StepManifest(Document):
    """The last thing that a step writes: where it exists, the step is done and is never run again."""

    step: StepName
    input_digest: str
    files: list[FileEntry]
    facts: dict[str, Any] = {}
    """Small results that the next steps' plan needs; see the `…Facts` classes."""
    seconds: float
    """Wall time of the attempt that finished."""

    @property
    def digest(self) -> str:
        """Identity of the output: equal inputs and equal bytes, whenever they were made."""
        return digest_of(
            {"step": self.step, "input": self.input_digest, "files": tree_digest((f.path, f.sha256) for f in self.files)}
        )


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


class StoredModel(Document):
    """A sentence-transformers folder in the store: an encoder, or the cross-encoder that teaches one."""

    prefix: str
    """Key of the folder."""
    digest: str
    """`tree_digest` of its files: the identity of the weights, tokenizer and configuration."""
    files: list[FileEntry]
    """Paths are relative to `prefix`."""
    fingerprints: StoredFile | None = None
    """Fingerprints of every text that it and its ancestors were trained on; None for a model from outside."""


class ResolvedBase(Document):
    """What the base model turned out to be."""

    uri: str
    """`hf://…`, a path, or `<model>@<version>`."""
    revision: str | None = None
    """Commit of the hub, where there is one."""
    model: StoredModel


class StagedSuite(Document):
    """What `prepare` froze for a suite that does not ask the line's exam alone."""

    name: str
    exam: str
    """Digest of the exam that it asks: its own, or the line's."""
    reranker: StoredModel | None = None
    """The cross-encoder, as the line keeps it."""


class AskedSuite(Document):
    """What a suite asked, in one evaluation."""

    suite: Suite
    """Without names of Secrets."""
    exam: str
    """Digest of the exam that it asked."""
    digest: str
    """Of what was measured: with exam and model digest it names the cached results."""
    reranker: StoredModel | None = None
    queries: int
    """Queries or items scored, after dropping."""
    groups: int
    dropped: list[int] = []
    """Indices, in the exam's order, of queries left out for all models: a compared one has trained on them."""

    @property
    def name(self) -> str:
        return self.suite.name

    @property
    def staged(self) -> StagedSuite | None:
        """What it takes to ask it again; None: the line's exam."""
        return StagedSuite(name=self.name, exam=self.exam, reranker=self.reranker) if self.suite.is_staged else None


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

    def base_of(self, candidate: str | None) -> ResolvedBase:
        """Where a candidate starts; None: the job has none."""
        return self.bases.get(candidate, self.base) if candidate else self.base


class StagedFacts(Document):
    """`facts` of the prepare step's manifest where a model from outside is registered."""

    base: ResolvedBase


class Trial(Document):
    """What a candidate answered to the validation rows, and what it costs. In the facts of its training."""

    metric: str
    """`validation/ndcg@10`: the same for all candidates, whatever each of them looked at in its own training."""
    score: float
    scores: StoredFile
    """Per question, as `ResultKeys.scores`."""
    parameters: int
    dimension: int
    size: int
    """bytes"""
    texts_a_second: float
    """Encoded on the machine that trained it, questions and answers, one process."""


class TrainFacts(Document):
    """`facts` of the train step's manifest."""

    model: StoredModel
    seconds: float
    """Training proper, without loading."""
    samples_per_second: float
    final_loss: float
    total_steps: int
    encoder: EncoderSettings
    """Of the model, as the job and the base say."""
    stopped_at: int | None = None
    """The last step, where it stopped early."""
    best_step: int | None = None
    """Whose weights the model has; None: the last one's, nobody looked."""
    findings: list[str] = []
    """What a person should know about the training."""
    trial: Trial | None = None
    """What it is ranked by, where it is one of several candidates."""


class EvaluateFacts(Document):
    """`facts` of the evaluate step's manifest: where each role's per-query scores lie."""

    scores: dict[str, dict[Literal["candidate", "base", "champion"], StoredFile]]
    """By suite: `scores.npz` per role; `champion` is missing while nothing is in production."""
    slices: StoredFile | None = None
    """The `SliceTable` of the line's exam; None: the job asks for none."""
    cached: list[str] = []
    """Roles whose results were all there already."""


class VersionRef(Document):
    version: int
    digest: str
    """Digest of its manifest: the version's identity."""


class PublishFacts(Document):
    version: VersionRef


class Owner(Document):
    """Who may write a line."""

    cluster: str
    namespace_uid: str


class Claim(Document):
    """Ownership of a version number; it comes before any byte of the version."""

    job_uid: str
    digest: str
    """Input digest of the publish step that claimed the number."""


class LineExam(Document):
    """Which exam is the line's: frozen by its first job."""

    digest: str
    job_uid: str


class Exam(Document):
    """`exam.json`: the manifest of a frozen test set."""

    digest: str
    queries: int
    """Of scored pairs: the pairs."""
    passages: int
    groups: int
    group_by: str | None
    """The column whose values the groups are; None: every query is its own group."""
    shape: Shape = "pairs"
    """Of the rows that it was made of: says which files there are, and what must not be trained on."""
    files: list[FileEntry]


class LedgerEntry(Document):
    """One entry of the ledger of a stratified split: the groups that a job's data brought along, and the side each went to.

    A group is named by the first 16 hex characters of the sha256 of its text, and stands in one entry alone. Among a million
    groups two have the same name once in 40 million ledgers.
    """

    job_uid: str
    previous: str | None
    """Digest of the entry before; None: this is the first."""
    train: list[str]
    validation: list[str]
    test: list[str]

    @property
    def digest(self) -> str:
        return digest_of(self)


class ResultManifest(Document):
    """`manifest.json` of what one model scored on an exam. Written last: where it exists, the results are whole."""

    files: list[FileEntry]

    def scores(self, keys: ResultKeys) -> StoredFile | None:
        """`scores.npz`, which programs read; `keys` are those of the results."""
        return next((file for file in (f.below(keys.root) for f in self.files) if file.key == keys.scores), None)


class Metadata(Document):
    """`metadata.json` of a version."""

    version: int
    timestamp: datetime
    base_model: dict[str, Any]
    training_config: dict[str, Any]
    metrics: dict[str, float | None]
    training_data: dict[str, Any]
    model_hash: str
    """`tree_digest` of the files below `model/`."""
    contract: EmbeddingContract | None = None
    """What whoever keeps its vectors relies on; None: its files do not say it."""
    lineage: dict[str, Any]

    @property
    def archived_train(self) -> StoredFile | None:
        """The rows that it was trained on, where the line keeps them."""
        found = self.training_data.get("archived_train")
        return StoredFile.model_validate(found) if found else None


class Judgement(Document):
    """`verdict.json`: what the gates said about one evaluation, and when."""

    verdict: Verdict
    at: datetime


class PublishedEvaluation(Document):
    """`evaluation.json` of a version: what it was judged on, and how it did."""

    exam: str
    """The line's, which the first suite asked."""
    model_digest: str
    candidate: dict[str, float | None]
    base: dict[str, float | None]
    champion: dict[str, float | None]
    champion_version: int | None
    verdict: Verdict
    suites: list[AskedSuite]
    """In the job's order."""
    slices: list[SliceScores] = []
    """Parts of the line's exam, told on their own."""

    @classmethod
    def of(cls, report: EvaluationReport, model_digest: str, champion_version: int | None, verdict: Verdict) -> Self:
        """What a version tells of a report and of the verdict on it."""
        return cls(
            exam=report.exam,
            model_digest=model_digest,
            candidate=report.metrics["candidate"],
            base=report.metrics.get("base", {}),
            champion=report.metrics.get("champion", {}),
            champion_version=champion_version,
            verdict=verdict,
            suites=report.suites,
            slices=report.slices,
        )

    def asked_by(self, suite: str) -> AskedSuite | None:
        """What a suite asked, by its name."""
        return next((asked for asked in self.suites if asked.name == suite), None)


class Rejudgement(Document):
    """`verdicts/<n>.json` of a version: what was said when it was judged again, after it had been published."""

    evaluation: PublishedEvaluation
    """As `evaluation.json`, against the champion of that time."""
    at: datetime


class VersionManifest(Document):
    """`manifest.json` of a version: every byte of it. Written last."""

    model: str
    """The line's name."""
    version: int
    files: list[FileEntry]

    @property
    def digest(self) -> str:
        """Spelled out, so that a field added to these models one day leaves every published version what it is."""
        files = sorted([file.path, file.size, file.sha256] for file in self.files)
        return digest_of({"model": self.model, "version": self.version, "files": files})

    @property
    def model_files(self) -> list[FileEntry]:
        """The files below `model/`, with paths relative to it."""
        prefix = "model/"
        return [f.model_copy(update={"path": f.path[len(prefix) :]}) for f in self.files if f.path.startswith(prefix)]

    @property
    def other_files(self) -> list[FileEntry]:
        """What is said about the model: metadata, evaluation, fingerprints."""
        return [f for f in self.files if not f.path.startswith("model/")]

    @property
    def model_digest(self) -> str:
        return tree_digest((f.path, f.sha256) for f in self.model_files)

    def stored_model(self, keys: VersionKeys) -> StoredModel:
        """The version's model, as steps take it; `keys` are those of the version."""
        seen = next((file for file in (f.below(keys.root) for f in self.files) if file.key == keys.fingerprints), None)
        return StoredModel(prefix=keys.model, digest=self.model_digest, files=self.model_files, fingerprints=seen)


class Transition(Document):
    """One change of what is, or may come, into production."""

    kind: Literal["Promote", "Rollback", "Delete"]
    """Delete: `to_version` leaves the store; what is in production stays."""
    from_version: int | None
    to_version: int
    reason: str
    job_uid: str | None = None
    """The job that asked for it; None: a person."""
    request: str | None = None
    """Identity of the request that asked for it: a request is carried out once, however often it is read."""
    at: datetime


class Release(Document):
    """`release.json`: the only mutable object of a line. One compare-and-swap of it is the commit.

    `history/<seq>.json` is a copy of it, completed before seq + 1 starts.
    """

    seq: int
    production: VersionRef | None = None
    previous: VersionRef | None = None
    canary: VersionRef | None = None
    transition: Transition


class JobResult(Document):
    """`result.json` of a job: written when nothing is left to do. A job that has one is finished for good."""

    status: FineTuneJobStatus
