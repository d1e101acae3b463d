"""The step `prepare`, from request to manifest."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from embtune_api.data import Data
from embtune_api.documents.files import StepManifest
from embtune_api.documents.prepare import PrepareFacts, ResolvedBase, StagedSuite
from embtune_api.requests import PrepareRequest
from embtune_api.split import Split
from embtune_api.status import Progress
from embtune_store import documents
from embtune_store.protocol import Store
from embtune_trainer.prepare import fingerprints
from embtune_trainer.prepare.archive import Archive
from embtune_trainer.prepare.auxiliary import AuxiliarySets, CleanSet
from embtune_trainer.prepare.base_model import resolve_base
from embtune_trainer.prepare.builders import Built
from embtune_trainer.prepare.candidates import resolve_candidates
from embtune_trainer.prepare.complete import Completion
from embtune_trainer.prepare.divide import Divided
from embtune_trainer.prepare.exam import ExamSet, freeze_exam, line_exam, load_exam, refuse_other_groups, refuse_unknown_slices
from embtune_trainer.prepare.examine import Examined, examine
from embtune_trainer.prepare.findings import counted
from embtune_trainer.prepare.ledger import read_ledger, remember
from embtune_trainer.prepare.line import claim_line
from embtune_trainer.prepare.outputs import Outputs, finish, make_outputs, staged_entries, write_outputs
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.replay import ReplayJob
from embtune_trainer.prepare.report import make_report
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.sources import ReadData, read_sources
from embtune_trainer.prepare.stage import stage_model
from embtune_trainer.prepare.suites import OwnSuites, read_suites
from embtune_trainer.prepare.teacher import refuse_other_dimensions, resolve_teacher
from embtune_trainer.prepare.telling import Tell
from embtune_trainer.prepare.two_encoders import refuse_two_encoders


def run_prepare(
    request: PrepareRequest,
    store: Store,
    report_progress: Callable[[Progress], None],
    mirror: Path | None = None,
    secrets: Path | None = None,
    claims: Path | None = None,
    now: datetime | None = None,
) -> StepManifest:
    """Do the step, or return what it did before.

    Args:
        mirror: a folder of models and data sets that is looked up before the hub.
        secrets: a folder with a folder for each secretRef of the job; None: a local run, with its environment's credentials.
        claims: a folder with a folder for each volume claim that the job's data lies on.
        now: when it is, for rows that have an age; None: by this machine's clock.

    Raises:
        InvalidInput: bad data, a base model that cannot be used, or rows grouped in another way than the line's exam; then no
            exam is frozen.
        Tampered: the line's exam, its ledger, the version to start from, or the rows to replay, are not what was frozen, written
            or published.
    """
    keys = request.job_keys.step("prepare", request.digest)
    done = documents.read(store, keys.manifest, StepManifest)
    if done is not None:
        return done
    if request.data is None:
        return stage_model(request, store, report_progress, mirror, secrets)
    started = time.monotonic()
    folder = Path(request.folder) if request.folder is not None else None
    claim_line(store, request.line_keys, request.owner)

    report_progress(Progress(percent=0, message="reading the data"))
    outside, kept = Outside(store, secrets, mirror, claims), Archive.of_sources(request, store)
    reading, checking = _tell(report_progress, 0, 20), _tell(report_progress, 20, 60)
    data = read_sources(request.data.train, request.data.split, folder, outside, kept, reading, request.slices)
    replay = ReplayJob.of(request, store)
    report_progress(Progress(percent=20, message=f"checking and dividing {counted(data.rows_read)}"))
    now = now or datetime.now(UTC)
    suites = read_suites(request, folder, outside)
    auxiliary = AuxiliarySets.of(request, folder, outside, kept, suites.protected)
    examined = _examine(data, request.data, request, store, now, suites, checking)
    if replay:
        replay.refuse_misfits(examined.built)
    report_progress(Progress(percent=60, message="fetching the base model"))
    base = resolve_base(
        request.base_model,
        store=store,
        namespace=request.namespace,
        staged=keys.base_model,
        folder=folder,
        mirror=mirror,
        secrets=secrets,
    )
    refuse_two_encoders(base, request.training)
    bases = resolve_candidates(request, outside)
    teacher = resolve_teacher(request, base, outside)
    refuse_other_dimensions(request.training, base, teacher, store)
    completion = Completion.of(request, outside, base, replay, report_progress)
    examined = completion.complete(examined)
    beside = auxiliary.clean(examined.divided, len(examined.built.train), now)
    report_progress(Progress(percent=90, message="freezing the exam and writing the rows"))
    while not _settled(examined, request, store):  # another job of the line was first
        examined = completion.complete(_examine(data, request.data, request, store, now, suites, checking))
        beside = auxiliary.clean(examined.divided, len(examined.built.train), now)
    staged = suites.stage(store, request.line_keys, examined.divided.exam)
    divided, built = examined.divided, examined.built
    frozen_here = _froze(store, request)
    outputs = make_outputs(
        keys,
        train=built.train,
        validation=built.validation,
        seen=_fingerprints(store, [*built.train, *(row for one in beside for row in one.rows)], base),
        report=make_report(data, examined, beside, frozen_here=frozen_here),
        sources=[*data.sources, *(one.source for one in beside)],
        base=base,
        bases=bases,
        teacher=teacher,
        auxiliary={one.name: one.content for one in beside},
    )
    archive = Archive.of_rows(request, store)
    facts = _facts(data, base, bases, completion.miner, teacher, divided, built, outputs, archive, staged, beside)
    models = {found.model.digest: found.model for found in (base, *bases.values(), *([teacher] if teacher else []))}
    manifest = StepManifest(
        step="prepare",
        input_digest=request.digest,
        files=[
            *write_outputs(store, keys, outputs, facts),
            *(entry for model in models.values() for entry in staged_entries(keys, model)),
        ],
        facts=facts.model_dump(mode="json"),
        seconds=round(time.monotonic() - started, 3),
    )
    report_progress(Progress(percent=100, message=_summary(facts)))
    return finish(store, keys, manifest)


def _tell(report_progress: Callable[[Progress], None], start: float, end: float) -> Tell:
    """For a phase that takes the step from one percentage to another."""
    return lambda share, message: report_progress(Progress(percent=round(start + (end - start) * share, 1), message=message))


def _examine(
    data: ReadData, wanted: Data, request: PrepareRequest, store: Store, now: datetime, suites: OwnSuites, tell: Tell
) -> Examined:
    """What the line remembers is read anew each time: another job may have been first. Nothing is written."""
    line, split = request.line_keys, wanted.split
    ledger = read_ledger(store, line, split) if split.method == "Stratified" else None
    frozen = _frozen_exam(store, request, split)
    examined = examine(data, wanted, request.training, now, ledger=ledger, frozen=frozen, suites=suites.protected, tell=tell)
    refuse_unknown_slices(examined.divided.exam, request.slices, line, frozen_before=frozen is not None)
    return replace(examined, findings=[*examined.findings, *suites.findings])


def _settled(examined: Examined, request: PrepareRequest, store: Store) -> bool:
    """Make it the line's: its groups have their sides, its exam is frozen. False when the line is another by now."""
    if examined.ledger and not remember(store, examined.ledger, examined.division.placed, request.job_uid):
        return False
    return freeze_exam(store, request.line_keys, examined.divided.exam, request.job_uid)


def _frozen_exam(store: Store, request: PrepareRequest, split: Split) -> ExamSet | None:
    pointer = line_exam(store, request.line_keys)
    if pointer is None:
        return None
    exam = load_exam(store, request.line_keys.exam(pointer.digest))
    refuse_other_groups(exam, split.group_by, request.line_keys)
    return exam


def _froze(store: Store, request: PrepareRequest) -> bool:
    pointer = line_exam(store, request.line_keys)
    return pointer is not None and pointer.job_uid == request.job_uid


def _fingerprints(store: Store, train: list[Row], base: ResolvedBase) -> fingerprints.Fingerprints:
    """Of everything that the new model will have been trained on: its own rows and its base's."""
    own = fingerprints.of_rows(train)
    return own if base.model.fingerprints is None else fingerprints.merge(own, fingerprints.read(store, base.model.fingerprints))


def _facts(
    data: ReadData,
    base: ResolvedBase,
    bases: dict[str, ResolvedBase],
    miner: ResolvedBase | None,
    teacher: ResolvedBase | None,
    divided: Divided,
    built: Built,
    outputs: Outputs,
    archive: Archive | None,
    suites: list[StagedSuite],
    auxiliary: list[CleanSet],
) -> PrepareFacts:
    return PrepareFacts(
        sources=data.sources,
        base=base,
        bases=bases,
        miner=miner,
        teacher=teacher,
        exam=divided.exam.manifest.digest,
        train_rows=len(built.train),
        augmented_rows=built.augment.rows if built.augment else 0,
        validation_rows=len(built.validation),
        shape=built.shape,
        exam_queries=divided.exam.manifest.queries,
        exam_shape=divided.exam.prepared_shape,
        train=outputs.file(outputs.keys.train_rows),
        validation=outputs.file(outputs.keys.validation_rows) if built.validation else None,
        archived_train=archive.keep(outputs.contents[outputs.keys.train_rows]) if archive else None,
        fingerprints=outputs.file(outputs.keys.fingerprints),
        report=outputs.file(outputs.keys.report),
        suites=suites,
        auxiliary=[one.prepared(outputs, archive) for one in auxiliary],
    )


def _summary(facts: PrepareFacts) -> str:
    made = f" ({facts.augmented_rows} made by augmentation)" if facts.augmented_rows else ""
    beside = "".join(f", beside {one.rows} {one.shape} of {one.name}" for one in facts.auxiliary)
    trained = f"{facts.train_rows} {facts.shape} to train on{made}{beside}"
    return f"{trained}, {facts.validation_rows} to validate, {facts.exam_queries} exam queries"
