"""What `publish` writes: a version of a line, and who may write one."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from embtune_api.base import Document
from embtune_api.contract import EmbeddingContract
from embtune_api.digest import digest_of, tree_digest
from embtune_api.documents.evaluate import AskedSuite, RoleBounds
from embtune_api.documents.files import FileEntry, StoredFile, StoredModel
from embtune_api.keys import CARD, VersionKeys
from embtune_api.slices import SliceScores
from embtune_api.verdict import Verdict

if TYPE_CHECKING:
    from embtune_api.reports import EvaluationReport


class Owner(Document):
    """Who may write a line."""

    cluster: str
    namespace_uid: str


class Claim(Document):
    """Ownership of a version number; it comes before any byte of the version."""

    job_uid: str
    digest: str
    """Input digest of the publish step that claimed the number."""


class VersionRef(Document):
    version: int
    digest: str
    """Digest of its manifest: the version's identity."""


class PublishFacts(Document):
    version: VersionRef


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
    bounds: RoleBounds = {}
    """Of what each role scored; none where nothing was judged."""

    @classmethod
    def of(
        cls,
        report: EvaluationReport,
        model_digest: str,
        champion_version: int | None,
        verdict: Verdict,
        bounds: RoleBounds,
    ) -> Self:
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
            bounds=bounds,
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
    def folder_files(self) -> list[FileEntry]:
        """The files below `model/`, with paths relative to it: what leaves the store."""
        prefix = "model/"
        return [f.model_copy(update={"path": f.path[len(prefix) :]}) for f in self.files if f.path.startswith(prefix)]

    @property
    def model_files(self) -> list[FileEntry]:
        """Those that make the model. Its card is none of them: it tells the verdict on these very bytes."""
        return [file for file in self.folder_files if file.path != CARD]

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
