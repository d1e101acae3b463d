"""The step `publish`: a judged candidate becomes a numbered version, with its manifest written last. No torch.

A version without a manifest is no version: after a crash or on a full disk only a claimed number is left, and the same
step goes on with that number.
"""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from embtune_api.contract import EmbeddingContract
from embtune_api.digest import sha256_hex, tree_digest
from embtune_api.documents.files import FileEntry, StepManifest
from embtune_api.documents.publish import Claim, Metadata, PublishedEvaluation, PublishFacts, VersionManifest, VersionRef
from embtune_api.errors import InvalidInput, Tampered
from embtune_api.keys import LineKeys, StepKeys, VersionKeys
from embtune_api.reports import EvaluationReport
from embtune_api.requests import PublishRequest
from embtune_api.status import Progress
from embtune_store import documents, folders
from embtune_store.contracts import read_contract
from embtune_store.protocol import Store
from embtune_trainer.model_card import model_card

PUBLISHED_KINDS = (".safetensors", ".json", ".txt", ".model", ".jinja")
"""What a candidate may hold: nothing that runs code when loaded. Its card is written here."""


def run_publish(request: PublishRequest, store: Store, report_progress: Callable[[Progress], None]) -> StepManifest:
    """Do the step, or return what it did before.

    Raises:
        InvalidInput: the candidate holds files that are not published, such as pickles.
        Tampered: bytes of the candidate, or of what was said about it, are not those that its step wrote.
        StoreFull: no room; the next run goes on with the same number.
    """
    keys = request.job_keys.step("publish", request.digest)
    done = documents.read(store, keys.manifest, StepManifest)
    if done is not None:
        return done
    started = time.monotonic()
    report_progress(Progress(percent=0, message="verifying the candidate"))
    _verify_candidate(request, store)
    number = claim_number(store, request.line_keys, Claim(job_uid=request.job_uid, digest=request.digest))
    version = request.line_keys.version(number)
    published = documents.read(store, version.manifest, VersionManifest)
    if published is None:
        report_progress(Progress(percent=40, message=f"publishing version {number}"))
        published = _publish(request, store, number, version)
    report_progress(Progress(percent=100, message=f"published version {number}"))
    reference = VersionRef(version=number, digest=published.digest)
    manifest = StepManifest(
        step="publish",
        input_digest=request.digest,
        files=[],
        facts=PublishFacts(version=reference).model_dump(mode="json"),
        seconds=round(time.monotonic() - started, 3),
    )
    documents.create(store, keys.manifest, manifest)
    return documents.read(store, keys.manifest, StepManifest) or manifest


def claim_number(store: Store, line: LineKeys, claim: Claim) -> int:
    """The version number that `claim` owns: the one it has, or the next free one. Numbers never repeat, and may gap.

    Two processes with the same claim get the same number: whoever finds the number taken looks by whom.
    """
    numbers = sorted(set(_numbers(store, line)))
    for number in numbers:
        if documents.read(store, line.version(number).claim, Claim) == claim:
            return number
    number = max(numbers, default=0) + 1
    while not documents.create(store, line.version(number).claim, claim):
        if documents.read(store, line.version(number).claim, Claim) == claim:
            return number
        number += 1
    return number


def _numbers(store: Store, line: LineKeys) -> Iterator[int]:
    for stored in store.list(line.versions):
        name = stored.key.removeprefix(f"{line.versions}/").partition("/")[0]
        if name.isascii() and name.isdigit():
            yield int(name)


def _verify_candidate(request: PublishRequest, store: Store) -> None:
    candidate = request.candidate
    if tree_digest((file.path, file.sha256) for file in candidate.files) != candidate.digest:
        raise Tampered(f"{candidate.prefix}: its list of files does not have the digest {candidate.digest}. Train again.")
    foreign = [file.path for file in candidate.files if not file.path.endswith(PUBLISHED_KINDS)]
    if foreign:
        raise InvalidInput(
            f"{candidate.prefix} holds files that are not published: {', '.join(foreign[:5])}. A version holds safetensors, "
            f"configuration and tokenizer only; save the model without them."
        )
    folders.verify(store, candidate.prefix, candidate.files)


def _publish(request: PublishRequest, store: Store, number: int, version: VersionKeys) -> VersionManifest:
    """Write every byte of the version, read it back, then write its manifest."""
    report = _evaluation_report(request, store)
    folders.copy_folder(store, request.candidate.prefix, version.model, request.candidate.files)
    if request.fingerprints is not None:
        store.copy(request.fingerprints.key, version.fingerprints)
    documents.create(store, version.metadata, _metadata(request, number, report, read_contract(store, request.candidate)))
    documents.create(store, version.evaluation, _evaluation(request, report))
    store.create(version.card, _card(request, store, version).encode())
    model = version.model.removeprefix(f"{version.root}/")
    entries = [
        *(file.model_copy(update={"path": f"{model}/{file.path}"}) for file in request.candidate.files),
        *_fingerprints_entry(request, version),
        *(_entry(store, version, key) for key in (version.card, version.metadata, version.evaluation)),
    ]
    manifest = VersionManifest(model=request.model, version=number, files=sorted(entries, key=lambda entry: entry.path))
    folders.verify(store, version.root, manifest.files)
    documents.create(store, version.manifest, manifest)
    return documents.read(store, version.manifest, VersionManifest) or manifest


def _metadata(request: PublishRequest, number: int, report: EvaluationReport, contract: EmbeddingContract | None) -> Metadata:
    return Metadata(
        version=number,
        timestamp=request.timestamp or datetime.now(UTC),
        base_model={
            "uri": request.base.uri,
            "revision": request.base.revision,
            "digest": request.base.model.digest,
        },
        training_config=request.training_config,
        metrics=report.metrics["candidate"],
        training_data=request.training_data,
        model_hash=request.candidate.digest,
        contract=contract,
        lineage=request.lineage,
    )


def _evaluation(request: PublishRequest, report: EvaluationReport) -> PublishedEvaluation:
    return PublishedEvaluation.of(report, request.candidate.digest, request.champion_version, request.verdict, request.bounds)


def _card(request: PublishRequest, store: Store, version: VersionKeys) -> str:
    """Of what is there now, whoever wrote it: it says what metadata.json and evaluation.json say."""
    metadata = documents.read(store, version.metadata, Metadata)
    evaluation = documents.read(store, version.evaluation, PublishedEvaluation)
    assert metadata is not None, "written above"
    assert evaluation is not None, "written above"
    return model_card(request.model, metadata, evaluation)


def _evaluation_report(request: PublishRequest, store: Store) -> EvaluationReport:
    """The evaluate step's report, as its manifest lists it."""
    evaluated = StepKeys(request.evaluated)
    folders.verify(store, evaluated.root, [_step_entry(store, evaluated, evaluated.report)])
    return EvaluationReport.model_validate_json(store.get(evaluated.report))


def _step_entry(store: Store, keys: StepKeys, key: str) -> FileEntry:
    """What the manifest of an earlier step says of one of its files."""
    manifest = documents.read(store, keys.manifest, StepManifest)
    path = key.removeprefix(f"{keys.root}/")
    found = [file for file in manifest.files if file.path == path] if manifest else []
    if not found:
        raise Tampered(f"{keys.manifest} does not list {path}, which publish needs. Run that step again.")
    return found[0]


def _fingerprints_entry(request: PublishRequest, version: VersionKeys) -> list[FileEntry]:
    if request.fingerprints is None:
        return []
    path = version.fingerprints.removeprefix(f"{version.root}/")
    return [FileEntry(path=path, size=request.fingerprints.size, sha256=request.fingerprints.sha256)]


def _entry(store: Store, version: VersionKeys, key: str) -> FileEntry:
    """What is there now: written by this process, or by one before or beside it that the version keeps."""
    data = store.get(key)
    return FileEntry(path=key.removeprefix(f"{version.root}/"), size=len(data), sha256=sha256_hex(data))
