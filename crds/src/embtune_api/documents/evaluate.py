"""What `evaluate` asked and scored, and what the gates said of it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from embtune_api.base import Document
from embtune_api.compression import Compression
from embtune_api.documents.files import FileEntry, StoredFile, StoredModel
from embtune_api.documents.prepare import StagedSuite
from embtune_api.evaluation import Suite
from embtune_api.keys import ResultKeys
from embtune_api.status import Role
from embtune_api.verdict import Verdict


class AskedSuite(Document):
    """What a suite asked, in one evaluation."""

    suite: Suite
    """Without names of Secrets."""
    exam: str
    """Digest of the exam that it asked."""
    digest: str
    """Of what was measured: with exam and model digest it names the cached results."""
    reranker: StoredModel | None = None
    compressed: Compression | None = None
    """How vectors were made smaller; None: they were asked as they are."""
    queries: int
    """Queries or items scored, after dropping."""
    groups: int
    dropped: list[int] = []
    """Indices, in the exam's order, of queries left out for all models: a compared one has trained on them."""

    @property
    def name(self) -> str:
        """`test`, or `test@int8`: what stands before the slash of its metrics."""
        return self.as_asked.name

    @property
    def as_asked(self) -> Suite:
        """The suite under that name."""
        return self.suite.asked_with(self.compressed)

    @property
    def staged(self) -> StagedSuite | None:
        """What it takes to ask it again; None: the line's exam."""
        return StagedSuite(name=self.suite.name, exam=self.exam, reranker=self.reranker) if self.suite.is_staged else None


class EvaluateFacts(Document):
    """`facts` of the evaluate step's manifest: where each role's per-query scores lie."""

    scores: dict[str, dict[Literal["candidate", "base", "champion"], StoredFile]]
    """By suite: `scores.npz` per role; `champion` is missing while nothing is in production."""
    slices: StoredFile | None = None
    """The `SliceTable` of the line's exam; None: the job asks for none."""
    cost: StoredFile | None = None
    """The `CostTable`; None: the job asks for none."""
    cached: list[str] = []
    """Roles whose results were all there already."""


class ResultManifest(Document):
    """`manifest.json` of what one model scored on an exam. Written last: where it exists, the results are whole."""

    files: list[FileEntry]

    def scores(self, keys: ResultKeys) -> StoredFile | None:
        """`scores.npz`, which programs read; `keys` are those of the results."""
        return next((file for file in (f.below(keys.root) for f in self.files) if file.key == keys.scores), None)


class Interval(Document):
    """What a metric might have been on other queries of the same kind: one-sided bounds, each at 95 %."""

    lower: float
    upper: float


RoleBounds = dict[Role, dict[str, Interval]]
"""By role and metric: of the metrics that people compare, as far as there is enough to tell."""


class Judgement(Document):
    """`verdict.json`: what the gates said about one evaluation, and when."""

    verdict: Verdict
    bounds: RoleBounds = {}
    """Of what each role scored."""
    at: datetime
