"""The step `prepare`, from request to manifest."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from embtune_api.documents import PrepareFacts, ResolvedBase, StepManifest
from embtune_api.errors import InvalidInput
from embtune_api.reports import DataReport, Finding
from embtune_api.requests import PrepareRequest
from embtune_api.spec import Data, Split
from embtune_api.status import Progress
from embtune_store import documents
from embtune_store.protocol import Store
from embtune_trainer.prepare import fingerprints
from embtune_trainer.prepare.base_model import resolve_base
from embtune_trainer.prepare.checks import check_rows
from embtune_trainer.prepare.exam import ExamSet, freeze_exam, line_exam, load_exam, make_exam, refuse_other_groups
from embtune_trainer.prepare.findings import counted, small_exam
from embtune_trainer.prepare.leakage import hold_out, protect_exam, protect_validation, shared_documents
from embtune_trainer.prepare.line import claim_line
from embtune_trainer.prepare.outputs import Outputs, finish, make_outputs, staged_entries, write_outputs
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.rows import Row
from embtune_trainer.prepare.sources import ReadData, read_sources
from embtune_trainer.prepare.split import Side, split_rows
from embtune_trainer.prepare.stage import stage_model

FEWEST_TRAINING_ROWS = 2
"""One row has no other to be told apart from."""


@dataclass(frozen=True)
class Divided:
    """The rows on each side once nothing that must stay unseen is left among them."""

    exam: ExamSet
    train: list[Row]
    validation: list[Row]
    test_rows: int
    findings: list[Finding]


def run_prepare(
    request: PrepareRequest,
    store: Store,
    report_progress: Callable[[Progress], None],
    mirror: Path | None = None,
    secrets: Path | None = None,
) -> StepManifest:
    """Do the step, or return what it did before.

    Args:
        mirror: a folder of models that is looked up before the hub.
        secrets: a folder with a folder for each secretRef of the job; None: a local run, with its environment's credentials.

    Raises:
        InvalidInput: bad data, a base model that cannot be used, or rows grouped in another way than the line's exam; then no
            exam is frozen.
        Tampered: the line's exam, or the version to start from, is not what was frozen or published.
    """
    keys = request.job_keys.step("prepare", request.digest)
    done = documents.read(store, keys.manifest, StepManifest)
    if done is not None:
        return done
    if request.data is None:
        return stage_model(request, store, report_progress, mirror, secrets)
    started = time.monotonic()
    folder = Path(request.folder) if request.folder is not None else None
    split, checks = request.data.split, request.data.checks
    claim_line(store, request.line_keys, request.owner)

    report_progress(Progress(percent=0, message="reading the data"))
    data = read_sources(request.data.train, split.group_by, folder, Outside(store, secrets))
    report_progress(Progress(percent=20, message=f"checking {counted(data.rows_read)}"))
    rows, findings = check_rows(data, checks, split)
    report_progress(Progress(percent=40, message="keeping the exam unseen"))
    divided = _divide(rows, _frozen_exam(store, request, split), request.data)
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
    report_progress(Progress(percent=90, message="freezing the exam and writing the rows"))
    if not freeze_exam(store, request.line_keys, divided.exam, request.job_uid):
        divided = _divide(rows, _frozen_exam(store, request, split), request.data)
    report = _report(data, len(rows), findings, divided, frozen_here=_froze(store, request))
    outputs = make_outputs(
        keys,
        train=divided.train,
        validation=divided.validation,
        seen=_fingerprints(store, divided.train, base),
        report=report,
        sources=data.sources,
        base=base,
    )
    facts = _facts(data, base, divided, outputs)
    manifest = StepManifest(
        step="prepare",
        input_digest=request.digest,
        files=[*write_outputs(store, keys, outputs, facts), *staged_entries(keys, facts.base.model)],
        facts=facts.model_dump(mode="json"),
        seconds=round(time.monotonic() - started, 3),
    )
    report_progress(Progress(percent=100, message=_summary(facts)))
    return finish(store, keys, manifest)


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


def _divide(rows: list[Row], frozen: ExamSet | None, data: Data) -> Divided:
    """What may be trained on, given the line's exam; without one, given the exam that the held-out rows make.

    Held-out rows are never trained on, whoever's exam it is: a retry of the line's first job, which then finds its own
    exam frozen, has the same result.
    """
    sides, leakage = split_rows(rows, data.split), data.checks.leakage
    exam = frozen or make_exam(sides["test"], data.split.group_by)
    clean, findings = hold_out([*sides["train"], *sides["validation"]], protect_exam(exam), leakage)
    clean_sides = split_rows(clean, data.split)
    validation = clean_sides["validation"]
    train, overlap = hold_out(clean_sides["train"], protect_validation(validation), leakage)
    _refuse_too_few(train, sides)
    shared = shared_documents([*train, *validation], exam, leakage)
    return Divided(exam, train, validation, len(sides["test"]), [*findings, *overlap, *shared])


def _refuse_too_few(train: list[Row], sides: dict[Side, list[Row]]) -> None:
    if len(train) < FEWEST_TRAINING_ROWS:
        raise InvalidInput(
            f"data.split: {counted(len(train))} would be left to train on: of {sum(map(len, sides.values()))} usable rows "
            f"{len(sides['test'])} are held out for the exam, {len(sides['validation'])} for validation, and "
            f"{len(sides['train']) - len(train)} match one of these. Add rows, lower data.split.test, or group by a column "
            f"with more values."
        )


def _fingerprints(store: Store, train: list[Row], base: ResolvedBase) -> fingerprints.Fingerprints:
    """Of everything that the new model will have been trained on: its own rows and its base's."""
    own = fingerprints.of_rows(train)
    return own if base.model.fingerprints is None else fingerprints.merge(own, fingerprints.read(store, base.model.fingerprints))


def _facts(data: ReadData, base: ResolvedBase, divided: Divided, outputs: Outputs) -> PrepareFacts:
    return PrepareFacts(
        sources=data.sources,
        base=base,
        exam=divided.exam.manifest.digest,
        train_rows=len(divided.train),
        validation_rows=len(divided.validation),
        exam_queries=len(divided.exam.queries),
        train=outputs.file(outputs.keys.train_rows),
        fingerprints=outputs.file(outputs.keys.fingerprints),
        report=outputs.file(outputs.keys.report),
    )


def _report(data: ReadData, used: int, findings: list[Finding], divided: Divided, *, frozen_here: bool) -> DataReport:
    exam = divided.exam.manifest
    return DataReport(
        rows_read=data.rows_read,
        rows_used=used,
        train_rows=len(divided.train),
        validation_rows=len(divided.validation),
        test_rows=divided.test_rows,
        exam=exam.digest,
        exam_frozen_by_this_job=frozen_here,
        exam_queries=exam.queries,
        exam_passages=exam.passages,
        exam_groups=exam.groups,
        findings=[*findings, *divided.findings, *small_exam(exam)],
    )


def _summary(facts: PrepareFacts) -> str:
    return f"{facts.train_rows} rows to train on, {facts.validation_rows} to validate, {facts.exam_queries} exam queries"
