"""Where everything lies in the store. The only place that spells keys.

```
<namespace>/<model>/…          a line: owner, versions, exams, splits, data, embeddings, release, history
<namespace>/jobs/<job>/<uid>/… scratch of one job: steps, checkpoints, reports
```
so no line may be called `jobs`.
"""

from dataclasses import dataclass

SHORT = 20
"""Hex characters of a digest that name a folder: 80 bits."""
CARD = "README.md"
"""Lies beside a version's weights, and is no part of the model: nothing loads it."""


@dataclass(frozen=True)
class LineKeys:
    namespace: str
    model: str

    @property
    def root(self) -> str:
        return f"{self.namespace}/{self.model}"

    @property
    def owner(self) -> str:
        return f"{self.root}/owner.json"

    @property
    def release(self) -> str:
        return f"{self.root}/release.json"

    @property
    def history_folder(self) -> str:
        return f"{self.root}/history"

    def history(self, seq: int) -> str:
        return f"{self.history_folder}/{seq}.json"

    @property
    def versions(self) -> str:
        return f"{self.root}/versions"

    def version(self, number: int) -> "VersionKeys":
        return VersionKeys(f"{self.versions}/{number}")

    @property
    def line_exam(self) -> str:
        """Create-only pointer to the exam that the line's first job froze."""
        return f"{self.root}/exams/line.json"

    def exam(self, digest: str) -> "ExamKeys":
        return ExamKeys(f"{self.root}/exams/{digest[:SHORT]}")

    def reranker(self, digest: str) -> str:
        """Folder of a cross-encoder that a suite takes, by content."""
        return f"{self.root}/rerankers/{digest[:SHORT]}"

    def ledger(self, digest: str) -> "LedgerKeys":
        """Of the stratified splits that share what the digest is made of."""
        return LedgerKeys(f"{self.root}/splits/{digest[:SHORT]}")

    def archive(self, sha256: str) -> str:
        """One file of data that is kept with the line: a source as it was read, or rows that a version was trained on."""
        return f"{self.root}/data/{sha256}"

    def embeddings(self, model_digest: str, settings_digest: str) -> "EmbeddingKeys":
        """Vectors of the line's texts by one model: a cache, which may be deleted at any time. A cross-encoder's
        are its scores of pairs."""
        return EmbeddingKeys(f"{self.root}/embeddings/{model_digest[:SHORT]}-{settings_digest[:SHORT]}")


@dataclass(frozen=True)
class EmbeddingKeys:
    """Chunks of text digests and vectors, each named by the sha256 of its bytes: one that is not what its name says is not
    read."""

    root: str

    def chunk(self, sha256: str) -> str:
        return f"{self.root}/{sha256}.npy"


@dataclass(frozen=True)
class LedgerKeys:
    """Where a stratified split remembers the side of each group: entries 1, 2, 3 and so on, each create-only."""

    root: str

    def entry(self, number: int) -> str:
        return f"{self.root}/{number}.json"


@dataclass(frozen=True)
class VersionKeys:
    root: str

    @property
    def claim(self) -> str:
        return f"{self.root}/claim.json"

    @property
    def model(self) -> str:
        return f"{self.root}/model"

    @property
    def card(self) -> str:
        """Read-me of the model's folder, for people and for the hub: what it is, what it learnt from, how it was judged."""
        return f"{self.model}/{CARD}"

    @property
    def metadata(self) -> str:
        return f"{self.root}/metadata.json"

    @property
    def evaluation(self) -> str:
        return f"{self.root}/evaluation.json"

    def verdict(self, number: int) -> str:
        """What was said when it was judged again after publishing, for the number-th time, counted from 1; create-only."""
        return f"{self.root}/verdicts/{number}.json"

    @property
    def fingerprints(self) -> str:
        """Hashes of every text that the version and its ancestors were trained on."""
        return f"{self.root}/fingerprints.bin"

    @property
    def manifest(self) -> str:
        return f"{self.root}/manifest.json"


@dataclass(frozen=True)
class ExamKeys:
    root: str

    @property
    def exam(self) -> str:
        """The exam's manifest, written last."""
        return f"{self.root}/exam.json"

    @property
    def queries(self) -> str:
        """jsonl of {id, text, group, groups, slices?}: `group` counts in the bounds; all of `groups` are kept out of training."""
        return f"{self.root}/queries.jsonl"

    @property
    def corpus(self) -> str:
        """jsonl of {id, text}"""
        return f"{self.root}/corpus.jsonl"

    @property
    def qrels(self) -> str:
        """jsonl of {query, passage, relevance}"""
        return f"{self.root}/qrels.jsonl"

    @property
    def pairs(self) -> str:
        """An exam of scored pairs has this alone: jsonl of {id, sentence1, sentence2, score, group, groups}"""
        return f"{self.root}/pairs.jsonl"

    @property
    def reference(self) -> str:
        """Labelled texts that others get their labels from, where they are not the exam's own: jsonl of {id, text, labels}"""
        return f"{self.root}/reference.jsonl"

    def results(self, model_digest: str, suite_digest: str) -> "ResultKeys":
        """What one model scored on this exam, by content: whoever is compared with it later needs no GPU."""
        return ResultKeys(f"{self.root}/results/{model_digest[:SHORT]}-{suite_digest[:SHORT]}")


@dataclass(frozen=True)
class ResultKeys:
    root: str

    @property
    def scores(self) -> str:
        """npz, queries in the exam's order: `metrics` (metrics,) str, `values` (queries, metrics) float64,
        `groups` (queries,) int64; NaN where a query has no relevant passage."""
        return f"{self.root}/scores.npz"

    @property
    def per_query(self) -> str:
        """jsonl for people: query, group, top passages, metrics."""
        return f"{self.root}/per-query.jsonl"

    @property
    def manifest(self) -> str:
        return f"{self.root}/manifest.json"


def jobs_folder(namespace: str, job: str) -> str:
    """Of all jobs that had this name, a folder each, by their uids."""
    return f"{namespace}/jobs/{job}"


@dataclass(frozen=True)
class JobKeys:
    namespace: str
    job: str
    uid: str

    @property
    def root(self) -> str:
        return f"{jobs_folder(self.namespace, self.job)}/{self.uid}"

    @property
    def result(self) -> str:
        """Written when nothing is left to do."""
        return f"{self.root}/result.json"

    @property
    def replay(self) -> str:
        """Whose rows the job replays; create-only, before its first step."""
        return f"{self.root}/replay.json"

    def candidate(self, name: str) -> str:
        """Why a candidate takes no part in the ranking; deleted where all of them have failed, so that a next run tries again."""
        return f"{self.root}/candidates/{name}.json"

    @property
    def pick(self) -> str:
        """Which candidate was picked; create-only."""
        return f"{self.root}/pick.json"

    def step(self, step: str, digest: str) -> "StepKeys":
        return StepKeys(f"{self.root}/{step}/{digest[:SHORT]}")


@dataclass(frozen=True)
class StepKeys:
    root: str

    @property
    def manifest(self) -> str:
        return f"{self.root}/manifest.json"

    @property
    def progress(self) -> str:
        return f"{self.root}/progress.json"

    @property
    def control(self) -> str:
        return f"{self.root}/control.json"

    @property
    def report(self) -> str:
        """training-report or evaluation-report, by step; the data-report is in `data`."""
        return f"{self.root}/report.json"

    @property
    def cost(self) -> str:
        """What the compared models cost; create-only, since times differ whenever they are taken."""
        return f"{self.root}/cost.json"

    @property
    def slices(self) -> str:
        """evaluate: which queries of the exam are in which slice, where the job asks for slices."""
        return f"{self.root}/slices.json"

    @property
    def verdict(self) -> str:
        """evaluate: what the gates said about it. Create-only, so whoever looks later reads the same verdict."""
        return f"{self.root}/verdict.json"

    def data(self, digest: str) -> "DataKeys":
        """prepare: its output, by content: two of them at once, who read other bytes at a source, write to two places."""
        return DataKeys(f"{self.root}/data/{digest[:SHORT]}")

    def base_model(self, digest: str) -> str:
        """prepare: a base model from outside, staged; by content, as `data`."""
        return f"{self.root}/base/{digest[:SHORT]}"

    def teacher(self, digest: str) -> str:
        """prepare: the model from outside that the loss learns from, staged; by content, as `data`."""
        return f"{self.root}/teacher/{digest[:SHORT]}"

    def model(self, digest: str) -> str:
        """train: the trained model, by content: two trainers at once never overwrite each other's bytes."""
        return f"{self.root}/model/{digest[:SHORT]}"

    def trial(self, sha256: str) -> str:
        """train: what a candidate scored on the validation rows, by content, as `model`."""
        return f"{self.root}/trial/{sha256[:SHORT]}.npz"

    @property
    def document_vectors(self) -> "EmbeddingKeys":
        """train: vectors of documents that stay as the base model makes them; kept until the model is."""
        return EmbeddingKeys(f"{self.root}/documents")

    @property
    def checkpoints(self) -> str:
        return f"{self.root}/checkpoints"

    def checkpoint(self, step: int) -> str:
        """Prefix of one checkpoint; it counts only with its own manifest."""
        return f"{self.checkpoints}/{step}"


@dataclass(frozen=True)
class DataKeys:
    """What `prepare` makes of the data. The step's manifest says which of several folders counts."""

    root: str

    @property
    def train_rows(self) -> str:
        """jsonl of {anchor, positive, label?, negatives?, group}"""
        return f"{self.root}/train.jsonl"

    @property
    def validation_rows(self) -> str:
        """jsonl, as train_rows"""
        return f"{self.root}/validation.jsonl"

    def auxiliary_rows(self, name: str) -> str:
        """jsonl, as train_rows, of the auxiliary set that has this name"""
        return f"{self.root}/auxiliary/{name}.jsonl"

    @property
    def fingerprints(self) -> str:
        """Hashes of the training texts, the base model's included."""
        return f"{self.root}/fingerprints.bin"

    @property
    def report(self) -> str:
        """data-report"""
        return f"{self.root}/report.json"

    @property
    def resolved(self) -> str:
        """What mutable inputs turned out to be: the same `PrepareFacts` as in the step's manifest."""
        return f"{self.root}/resolved.json"
