"""Builders: a whole object from the one thing that a test is about."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from embtune_api.contract import EmbeddingContract
from embtune_api.digest import sha256_hex, tree_digest
from embtune_api.documents.evaluate import AskedSuite, EvaluateFacts, ResultManifest
from embtune_api.documents.files import FileEntry, StepManifest, StoredFile, StoredModel
from embtune_api.documents.prepare import PrepareFacts, ResolvedBase, ResolvedSource, StagedFacts
from embtune_api.documents.publish import Claim, Metadata, Owner, PublishedEvaluation, PublishFacts, VersionManifest, VersionRef
from embtune_api.documents.train import TrainFacts, Trial
from embtune_api.encoder import EncoderSettings
from embtune_api.evaluation import Suite
from embtune_api.keys import StepKeys
from embtune_api.promotion import Gate
from embtune_api.reports import DataReport, EvaluationReport, PreparedReport, SideReport, SplitReport
from embtune_api.requests import EvaluateRequest, PrepareRequest, PublishRequest, TrainRequest
from embtune_api.resources import FineTuneJob
from embtune_api.sources import Columns
from embtune_api.verdict import Outcome, Verdict
from embtune_operator.judge.scores import Scores
from embtune_operator.settings import Settings
from embtune_store import documents
from embtune_trainer.publish import claim_number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from embtune_api.documents.release import Release
    from embtune_api.keys import LineKeys, ResultKeys
    from embtune_api.split import Side
    from embtune_api.status import StepName
    from embtune_store.protocol import Store

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
METRIC, VALIDATED = "test/ndcg@10", "validation/ndcg@10"
COUNTED_LENGTH = 48
"""Tokens a text, where the job leaves them to the training."""
AN_ENCODER = EncoderSettings(
    max_seq_length=64, query_prompt="", document_prompt="", other_prompt="", pooling="mean", normalize=True, dimension=32
)


def minutes(count: float) -> datetime:
    """So many minutes after noon."""
    return NOON + timedelta(minutes=count)


def a_job(
    gates: Sequence[dict[str, Any]] = (),
    policy: str = "Automatic",
    uid: str = "uid-1",
    max_attempts: int = 3,
    data: dict[str, Any] | None = None,
    candidates: Sequence[dict[str, Any]] = (),
    **runtime: Any,
) -> FineTuneJob:
    """A job of the line `search/shop`; gates, candidates and further `data` in their YAML spelling, more of `runtime` by name."""
    return FineTuneJob.model_validate(
        {
            "apiVersion": "embtune.dev/v1alpha1",
            "kind": "FineTuneJob",
            "metadata": {"name": "shop-1", "namespace": "search", "uid": uid},
            "spec": {
                "model": "shop",
                "baseModel": {"uri": "hf://a/b"},
                "data": {"train": [{"uri": "s3://data/train.jsonl"}], **(data or {})},
                **({"candidates": list(candidates)} if candidates else {}),
                "promotion": {"policy": policy, "gates": list(gates)},
                "runtime": {"maxAttempts": max_attempts, **runtime},
            },
        }
    )


def a_gate(**rule: Any) -> Gate:
    """A gate on ndcg@10, in its YAML spelling."""
    return Gate.model_validate({"metric": METRIC, **rule})


def settings(**changes: Any) -> Settings:
    return Settings(**{"store": "memory://", "owner": Owner(cluster="test", namespace_uid="ns"), **changes})


def scores(values: NDArray[np.float64], per_group: int = 2, metric: str = METRIC) -> Scores:
    """Scores of one metric, `per_group` neighbouring queries to a group."""
    return Scores((metric,), values.reshape(-1, 1), np.arange(len(values), dtype=np.int64) // per_group)


def noise(mean: float, queries: int = 400, spread: float = 0.1, seed: int = 0) -> NDArray[np.float64]:
    """(queries,) float64 around a mean that is met exactly."""
    drawn: NDArray[np.float64] = np.random.default_rng(seed).normal(0, spread, queries)
    centred: NDArray[np.float64] = drawn - drawn.mean() + mean
    return centred


def scores_file(values: Scores) -> bytes:
    """The bytes of `scores.npz`."""
    file = io.BytesIO()
    np.savez(file, columns=np.array(values.columns), values=values.values, groups=values.groups)
    return file.getvalue()


def keep_scores(store: Store, keys: ResultKeys, values: Scores) -> StoredFile:
    """Scores as `evaluate` keeps them, with their manifest."""
    data = scores_file(values)
    store.put(keys.scores, data)
    documents.create(
        store,
        keys.manifest,
        ResultManifest(files=[FileEntry(path="scores.npz", size=len(data), sha256=sha256_hex(data))]),
    )
    return a_file(keys.scores, data)


def asked(exam: str, queries: int, suite: Suite | None = None) -> AskedSuite:
    """What a suite asked of an exam, with two queries to a group."""
    suite = suite or Suite()
    return AskedSuite(suite=suite, exam=exam, digest=suite.digest(), queries=queries, groups=queries // 2)


def a_file(key: str, data: bytes = b"") -> StoredFile:
    return StoredFile(key=key, size=len(data), sha256=sha256_hex(data))


def a_model(name: str, prefix: str = "somewhere") -> StoredModel:
    """A model whose digest follows from its name."""
    files = [FileEntry(path="model.safetensors", size=len(name), sha256=sha256_hex(name.encode()))]
    return StoredModel(prefix=prefix, digest=tree_digest((f.path, f.sha256) for f in files), files=files)


def publish_version(
    store: Store,
    line: LineKeys,
    number: int,
    outcome: Outcome = "Passed",
    ndcg: float = 0.6,
    metric: str = METRIC,
    evaluation: PublishedEvaluation | None = None,
    archived_train: StoredFile | None = None,
    contract: EmbeddingContract | None = None,
) -> VersionRef:
    """A published version whose model is one small file; `evaluation`: instead of one with that outcome and that score."""
    keys, weights = line.version(number), f"weights of {number}".encode()
    store.put(f"{keys.model}/model.safetensors", weights)
    model = FileEntry(path="model/model.safetensors", size=len(weights), sha256=sha256_hex(weights))
    metrics: dict[str, float | None] = {metric: ndcg}
    metadata = Metadata(
        version=number,
        timestamp=NOON,
        base_model={},
        training_config={},
        metrics=metrics,
        training_data={"archived_train": archived_train.model_dump()} if archived_train else {},
        model_hash=tree_digest([("model.safetensors", model.sha256)]),
        contract=contract,
        lineage={},
    )
    evaluation = evaluation or PublishedEvaluation(
        exam="e" * 64,
        model_digest=metadata.model_hash,
        candidate=metrics,
        base={metric: 0.5},
        champion={},
        champion_version=None,
        verdict=Verdict(outcome=outcome, reason="because"),
        suites=[asked("e" * 64, 400)],
    )
    documents.put(store, keys.metadata, metadata)
    documents.put(store, keys.evaluation, evaluation)
    others = [
        FileEntry(path=name, size=len(data), sha256=sha256_hex(data))
        for name, data in (("metadata.json", store.get(keys.metadata)), ("evaluation.json", store.get(keys.evaluation)))
    ]
    manifest = VersionManifest(model=line.model, version=number, files=[model, *others])
    documents.create(store, keys.manifest, manifest)
    return VersionRef(version=number, digest=manifest.digest)


def transitions(history: Sequence[Release]) -> list[tuple[int, str, int | None, int]]:
    """What happened, without the clock: (seq, kind, from, to)."""
    return [(r.seq, r.transition.kind, r.transition.from_version, r.transition.to_version) for r in history]


class PretendTrainer:
    """Does at once what a step would do: writes the outputs that the next steps' plan needs."""

    def __init__(self, store: Store, candidate: float = 0.6, base: float = 0.5, queries: int = 400) -> None:
        self.store = store
        self.means = {"candidate": candidate, "base": base, "champion": base}
        self.queries = queries
        self.augmented = 0
        """Rows to train on that were made of others."""
        self.contract: EmbeddingContract | None = None
        """Of what it publishes."""
        self.trials: dict[str, float] = {}
        """What each candidate scores on the validation rows; 0.5 where nothing is said."""
        self.parameters: dict[str, int] = {}
        """Of each candidate's model; 100 where nothing is said."""
        self.seconds = 1.0
        """That each step takes."""
        self.done: list[StepName] = []

    def work(self, request: PrepareRequest | TrainRequest | EvaluateRequest | PublishRequest) -> None:
        keys = request.job_keys.step(request.step, request.digest)
        if isinstance(request, PrepareRequest):
            facts: Any = self._prepare(keys, request) if request.data else self._stage(request, keys)
        elif isinstance(request, TrainRequest):
            facts = self._train(keys, request)
        elif isinstance(request, EvaluateRequest):
            facts = self._evaluate(request, keys)
        else:
            facts = self._publish(request)
        report = self.store.get(keys.report) if self.store.exists(keys.report) else b""
        manifest = StepManifest(
            step=request.step,
            input_digest=request.digest,
            files=[FileEntry(path="report.json", size=len(report), sha256=sha256_hex(report))] if report else [],
            facts=facts.model_dump(mode="json"),
            seconds=self.seconds,
        )
        documents.create(self.store, keys.manifest, manifest)
        self.done.append(request.step)

    def _stage(self, request: PrepareRequest, keys: StepKeys) -> StagedFacts:
        uri = request.base_model.uri or ""
        model = a_model(uri, keys.base_model("0"))
        self.store.put(f"{model.prefix}/{model.files[0].path}", uri.encode())
        return StagedFacts(base=ResolvedBase(uri=uri, revision="c0ffee", model=model))

    def _train(self, keys: StepKeys, request: TrainRequest) -> TrainFacts:
        name = request.candidate
        model = a_model(" ".join(filter(None, ["candidate of", request.job_uid, name])), keys.model("0"))
        return TrainFacts(
            model=model,
            seconds=1,
            samples_per_second=1,
            final_loss=1,
            total_steps=1,
            max_seq_length=COUNTED_LENGTH,
            encoder=AN_ENCODER,
            trial=self._trial(keys, name) if name else None,
        )

    def _trial(self, keys: StepKeys, name: str) -> Trial:
        mean = self.trials.get(name, 0.5)
        data = scores_file(scores(noise(mean, self.queries, spread=0.02, seed=len(name)), metric=VALIDATED))
        self.store.put(keys.trial("0"), data)
        return Trial(
            metric=VALIDATED,
            score=mean,
            scores=a_file(keys.trial("0"), data),
            parameters=self.parameters.get(name, 100),
            dimension=32,
            size=400,
            texts_a_second=1000,
        )

    def _prepare(self, keys: StepKeys, request: PrepareRequest) -> PrepareFacts:
        rows: dict[Side, int] = {"train": 700, "validation": 100, "test": 200}
        sides = {side: SideReport(rows=count, queries=count, groups=9) for side, count in rows.items()}
        report = DataReport(
            rows_read=1000,
            rows_used=1000,
            split=SplitReport(method="Hash", sides=sides),
            prepared=PreparedReport(shape="pairs", train=700, validation=100),
            exam="e" * 64,
            exam_frozen_by_this_job=True,
            exam_queries=self.queries,
            exam_passages=9,
            exam_groups=9,
            findings=[],
        )
        places = keys.data("0")
        documents.put(self.store, places.report, report)
        source = ResolvedSource(uri="s3://x", sha256="0" * 64, size=1, rows=1, columns=Columns(anchor="a", positive="p"))
        base = ResolvedBase(uri="hf://a/b", model=a_model("base"))
        return PrepareFacts(
            sources=[source],
            base=base,
            bases={name: ResolvedBase(uri=one.uri or "", model=a_model(one.uri or "")) for name, one in request.bases.items()},
            exam="e" * 64,
            train_rows=700,
            augmented_rows=self.augmented,
            validation_rows=100,
            exam_queries=self.queries,
            train=a_file(places.train_rows),
            fingerprints=a_file(places.fingerprints),
            report=a_file(places.report, self.store.get(places.report)),
        )

    def _evaluate(self, request: EvaluateRequest, keys: StepKeys) -> EvaluateFacts:
        found: dict[Any, StoredFile] = {}
        for judged in request.models:
            results = request.line_keys.exam(request.exam).results(judged.model.digest, Suite().digest())
            found[judged.role] = keep_scores(self.store, results, scores(noise(self.means[judged.role], self.queries)))
        report = EvaluationReport(
            exam=request.exam,
            suites=[asked("e" * 64, self.queries)],
            metrics={role: {METRIC: self.means[role]} for role in found},
        )
        documents.put(self.store, keys.report, report)
        return EvaluateFacts(scores={"test": found})

    def _publish(self, request: PublishRequest) -> PublishFacts:
        claim = Claim(job_uid=request.job_uid, digest=request.digest)
        number = claim_number(self.store, request.line_keys, claim)
        published = documents.read(self.store, request.line_keys.version(number).manifest, VersionManifest)
        if published:  # by an attempt before this one
            return PublishFacts(version=VersionRef(version=number, digest=published.digest))
        report = documents.read(self.store, StepKeys(request.evaluated).report, EvaluationReport)
        assert report
        evaluation = PublishedEvaluation.of(
            report, request.candidate.digest, request.champion_version, request.verdict, request.bounds
        )
        return PublishFacts(
            version=publish_version(self.store, request.line_keys, number, evaluation=evaluation, contract=self.contract)
        )
