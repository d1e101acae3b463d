"""A judged candidate becomes a numbered version: the number first, the manifest last, every byte verified."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from embtune_api.digest import sha256_hex, tree_digest
from embtune_api.documents.evaluate import Interval
from embtune_api.documents.files import FileEntry, StepManifest, StoredModel
from embtune_api.documents.publish import Claim, Metadata, PublishedEvaluation, PublishFacts, VersionManifest, VersionRef
from embtune_api.documents.release import Release, Transition
from embtune_api.errors import InvalidInput, StoreFull, Tampered
from embtune_api.keys import LineKeys, StepKeys
from embtune_api.reports import EvaluationReport
from embtune_api.requests import PublishRequest
from embtune_api.status import Progress
from embtune_api.verdict import Verdict
from embtune_store import documents, folders, open_store
from embtune_store.protocol import Store
from embtune_trainer.model_card import model_card
from embtune_trainer.prepare import fingerprints
from embtune_trainer.publish import claim_number, run_publish
from factories import asked
from unit.trainer.prepare_world import Prepared, World, some_pairs, write_jsonl

LINE = LineKeys("team", "search")
METRICS: dict[str, float | None] = {"test/ndcg@10": 0.61, "test/map@10": None}
VERDICT = Verdict(outcome="Passed", reason="Both gates passed.")


@dataclass
class Candidate:
    """A job that is prepared and, so to say, trained and judged: its base model stands in for the trained one."""

    world: World
    prepared: Prepared
    request: PublishRequest
    progress: list[Progress] = field(default_factory=list)

    @property
    def store(self) -> Store:
        return self.world.store

    def publish(self, store: Any = None) -> PublishFacts:
        manifest = run_publish(self.request, store or self.store, self.progress.append)
        return PublishFacts.model_validate(manifest.facts)


def a_candidate(folder: Path, job: str = "one", world: World | None = None, **base: Any) -> Candidate:
    world = world or World(folder)
    if not (folder / "rows.jsonl").exists():
        write_jsonl(folder / "rows.jsonl", some_pairs())
    prepared = world.prepare(world.request("rows.jsonl", job=job, **base))
    evaluated = StepKeys(f"{prepared.keys.root}-evaluated")
    write_evaluation(world.store, evaluated, prepared.facts.exam)
    staged = prepared.facts.base.model
    request = PublishRequest(
        store=world.store.uri,
        namespace="team",
        model="search",
        job=job,
        job_uid=f"uid-{job}",
        digest=f"{job:f>64}",
        candidate=StoredModel(prefix=staged.prefix, digest=staged.digest, files=staged.files),
        fingerprints=prepared.facts.fingerprints,
        evaluated=evaluated.root,
        champion_version=None,
        verdict=VERDICT,
        base=prepared.facts.base,
        training_config={"epochs": 1},
        training_data={"rows": 84},
        lineage={"job": job},
    )
    return Candidate(world, prepared, request)


def write_evaluation(store: Store, keys: StepKeys, exam: str) -> None:
    report = EvaluationReport(
        exam=exam,
        suites=[asked(exam, 24)],
        metrics={"candidate": METRICS, "base": {"test/ndcg@10": 0.5}},
    )
    documents.put(store, keys.report, report)
    data = store.get(keys.report)
    files = [FileEntry(path="report.json", size=len(data), sha256=sha256_hex(data))]
    documents.create(store, keys.manifest, StepManifest(step="evaluate", input_digest="e", files=files, seconds=1.0))


def test_a_version_is_all_that_design_asks(tmp_path: Path) -> None:
    candidate = a_candidate(tmp_path)
    facts = candidate.publish()
    store, version = candidate.store, LINE.version(1)
    manifest = documents.read(store, version.manifest, VersionManifest)
    assert manifest is not None
    assert facts.version == VersionRef(version=1, digest=manifest.digest)
    folders.verify(store, version.root, manifest.files)
    assert manifest.model_digest == candidate.request.candidate.digest
    written = {stored.key for stored in store.list(version.root)}
    assert written == {f"{version.root}/{file.path}" for file in manifest.files} | {version.claim, version.manifest}
    metadata = documents.read(store, version.metadata, Metadata)
    assert metadata is not None
    assert (metadata.version, metadata.metrics, metadata.model_hash) == (1, METRICS, manifest.model_digest)
    assert metadata.base_model["uri"] == "base"
    assert (metadata.training_config, metadata.training_data, metadata.lineage) == ({"epochs": 1}, {"rows": 84}, {"job": "one"})
    evaluation = documents.read(store, version.evaluation, PublishedEvaluation)
    assert evaluation is not None
    assert (evaluation.exam, evaluation.champion, evaluation.verdict) == (candidate.prepared.facts.exam, {}, VERDICT)
    assert store.get(version.fingerprints) == store.get(candidate.prepared.places.fingerprints)


def test_the_card_leaves_the_store_with_the_model_and_is_no_part_of_it(tmp_path: Path) -> None:
    candidate = a_candidate(tmp_path)
    bounds = {"candidate": {"test/ndcg@10": Interval(lower=0.58, upper=0.64)}}
    candidate.request = candidate.request.model_copy(update={"bounds": bounds})
    candidate.publish()
    store, version = candidate.store, LINE.version(1)
    manifest, metadata = (
        documents.read(store, *of) for of in ((version.manifest, VersionManifest), (version.metadata, Metadata))
    )
    evaluation = documents.read(store, version.evaluation, PublishedEvaluation)
    assert manifest
    assert metadata
    assert evaluation
    card = store.get(version.card).decode()
    assert card == model_card("search", metadata, evaluation)
    assert "| test/ndcg@10 | 0.610 (0.580 – 0.640) | 0.500 |" in card
    model = manifest.stored_model(version)
    assert "README.md" not in [file.path for file in model.files]
    assert {file.path for file in manifest.folder_files} == {"README.md", *(file.path for file in model.files)}
    store.put(version.card, card.replace("0.610", "0.910").encode())
    with pytest.raises(Tampered, match=r"README\.md"):
        folders.verify(store, version.root, manifest.files)


def test_a_candidate_brings_no_card_of_its_own(tmp_path: Path) -> None:
    candidate = a_candidate(tmp_path)
    files = [FileEntry(path="README.md", size=1, sha256="0" * 64)]
    model = StoredModel(prefix="x", digest=tree_digest((file.path, file.sha256) for file in files), files=files)
    candidate.request = candidate.request.model_copy(update={"candidate": model})
    with pytest.raises(InvalidInput, match=r"README\.md"):
        candidate.publish()


def test_publishing_again_does_nothing(tmp_path: Path) -> None:
    candidate = a_candidate(tmp_path)
    first = candidate.publish()
    candidate.store.delete(f"{candidate.request.candidate.prefix}/config.json")
    told = len(candidate.progress)
    assert candidate.publish() == first
    assert len(candidate.progress) == told


def test_what_is_written_about_a_version_is_never_changed(tmp_path: Path) -> None:
    candidate = a_candidate(tmp_path)
    with pytest.raises(Killed):
        candidate.publish(FaultyStore(candidate.store, _writes_until_the_manifest(tmp_path / "probe"), Killed))
    version = LINE.version(1)
    written = (version.metadata, version.evaluation, version.card)
    kept = [candidate.store.get(key) for key in written]
    other = candidate.request.verdict.model_copy(update={"reason": "Judged on another machine."})
    later = {"timestamp": datetime(2026, 5, 5, tzinfo=UTC), "verdict": other}
    candidate.request = candidate.request.model_copy(update=later)
    candidate.publish()
    assert [candidate.store.get(key) for key in written] == kept
    manifest = documents.read(candidate.store, version.manifest, VersionManifest)
    assert manifest is not None
    folders.verify(candidate.store, version.root, manifest.files)


def _writes_until_the_manifest(folder: Path) -> int:
    """Number of the write that makes a version a version."""
    folder.mkdir()
    for writes in range(1, 100):
        candidate = a_candidate(folder)
        try:
            candidate.publish(FaultyStore(candidate.store, writes, Killed))
        except Killed:
            continue
        return writes - 2  # the last two writes are those of the version's manifest and of the step's
    raise AssertionError("never published")


def test_the_timestamp_of_the_request_is_kept(tmp_path: Path) -> None:
    candidate = a_candidate(tmp_path)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    candidate.request = candidate.request.model_copy(update={"timestamp": at})
    candidate.publish()
    metadata = documents.read(candidate.store, LINE.version(1).metadata, Metadata)
    assert metadata is not None
    assert metadata.timestamp == at


def test_a_version_can_be_gone_on_from(tmp_path: Path) -> None:
    candidate = a_candidate(tmp_path)
    version = candidate.publish().version
    world = candidate.world
    transition = Transition(kind="Promote", from_version=None, to_version=1, reason="Passed", at=datetime(2026, 1, 2, tzinfo=UTC))
    documents.create(world.store, LINE.release, Release(seq=1, production=version, transition=transition))
    more = [{"anchor": pair["positive"], "positive": f"answer {n}"} for n, pair in enumerate(some_pairs(60))]
    write_jsonl(tmp_path / "more.jsonl", more)
    second = world.prepare(world.request("more.jsonl", job="two", base={"version": {"model": "search"}}))
    base = second.facts.base
    assert (base.uri, base.model.prefix) == ("search@1", LINE.version(1).model)
    assert base.model.digest == candidate.request.candidate.digest
    assert base.model.fingerprints is not None
    assert base.model.fingerprints.key == LINE.version(1).fingerprints
    assert not list(world.store.list(f"{second.keys.root}/base")), "a version is not staged again"
    seen = fingerprints.read(world.store, second.facts.fingerprints)
    ancestors = [row["anchor"] for row in candidate.prepared.train]
    assert fingerprints.seen_queries(seen, ancestors + [row["anchor"] for row in second.train]).all()
    world.store.put(f"{LINE.version(1).model}/model.safetensors", b"flipped")
    with pytest.raises(Tampered, match=r"model\.safetensors"):
        world.prepare(world.request("more.jsonl", job="three", base={"version": {"model": "search", "ref": "1"}}))


TAMPERED = {
    "a byte of the candidate": lambda c: f"{c.request.candidate.prefix}/model.safetensors",
    "the evaluation report": lambda c: StepKeys(c.request.evaluated).report,
    "the fingerprints": lambda c: c.request.fingerprints.key,
}


@pytest.mark.parametrize("key", TAMPERED.values(), ids=TAMPERED.keys())
def test_bytes_that_are_not_what_a_step_wrote_are_never_published(tmp_path: Path, key: Any) -> None:
    candidate = a_candidate(tmp_path)
    damaged = key(candidate)
    data = candidate.store.get(damaged)
    candidate.store.put(damaged, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(Tampered, match=damaged.rpartition("/")[2]):
        candidate.publish()
    assert not candidate.store.exists(LINE.version(1).manifest)


def test_pickles_are_never_published(tmp_path: Path) -> None:
    candidate = a_candidate(tmp_path)
    files = [FileEntry(path="pytorch_model.bin", size=1, sha256="0" * 64)]
    model = StoredModel(prefix="x", digest=tree_digest((file.path, file.sha256) for file in files), files=files)
    candidate.request = candidate.request.model_copy(update={"candidate": model})
    with pytest.raises(InvalidInput, match=r"pytorch_model\.bin"):
        candidate.publish()
    assert not candidate.store.exists(LINE.version(1).claim)


class Killed(BaseException):
    """The process is gone."""


class FaultyStore:
    """A real store whose n-th write does not happen: the process is killed before it, or the disk is full."""

    def __init__(self, store: Store, writes: int, error: type[BaseException]) -> None:
        self._store = store
        self._left = writes
        self._error = error

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name not in {"put", "create", "copy"}:
            return method

        def failing(*args: Any) -> Any:
            self._left -= 1
            if not self._left:
                raise self._error("here")
            return method(*args)

        return failing


@pytest.mark.parametrize("error", [Killed, StoreFull])
def test_whatever_write_fails_the_next_run_publishes_the_same_number(tmp_path: Path, error: type[BaseException]) -> None:
    for writes in range(1, 100):
        candidate = a_candidate(tmp_path)
        try:
            facts = candidate.publish(FaultyStore(candidate.store, writes, error))
        except error:
            kept = documents.read(candidate.store, LINE.version(1).metadata, Metadata)
            facts = candidate.publish()
            now = documents.read(candidate.store, LINE.version(1).metadata, Metadata)
            assert now is not None
            assert kept is None or kept.timestamp == now.timestamp
        else:
            assert writes > 10
            return
        manifest = documents.read(candidate.store, LINE.version(1).manifest, VersionManifest)
        assert manifest is not None
        assert facts.version == VersionRef(version=1, digest=manifest.digest)
        folders.verify(candidate.store, LINE.version(1).root, manifest.files)
        assert {key.split("/")[3] for key in _version_keys(candidate.store)} == {"1"}


def test_the_next_job_gets_the_next_number(tmp_path: Path) -> None:
    first = a_candidate(tmp_path)
    assert first.publish().version.version == 1
    second = a_candidate(tmp_path, job="two", world=first.world)
    assert second.publish().version.version == 2


def test_numbers_gap_but_never_repeat() -> None:
    store = open_store("memory://")
    documents.create(store, LINE.version(4).claim, Claim(job_uid="crashed", digest="d"))
    assert claim_number(store, LINE, Claim(job_uid="a", digest="d")) == 5
    assert claim_number(store, LINE, Claim(job_uid="a", digest="d")) == 5
    assert claim_number(store, LINE, Claim(job_uid="a", digest="e")) == 6
    assert claim_number(store, LINE, Claim(job_uid="crashed", digest="d")) == 4


def test_claims_made_at_once_are_all_different(tmp_path: Path) -> None:
    store = open_store(str(tmp_path))
    claims = [Claim(job_uid=f"job {n % 8}", digest="d") for n in range(32)]
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda claim: claim_number(store, LINE, claim), claims))
    assert sorted(set(numbers)) == list(range(1, 9))
    assert all(numbers[n] == numbers[n % 8] for n in range(32))


def _version_keys(store: Store) -> list[str]:
    return [stored.key for stored in store.list(LINE.versions)]
