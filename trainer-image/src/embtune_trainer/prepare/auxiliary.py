"""Auxiliary sets: read as the main sources are, checked, and kept apart from whatever the model is judged or chosen by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from embtune_api import presets
from embtune_api.auxiliary import AuxiliaryLoss, AuxiliarySet
from embtune_api.auxiliary_report import AuxiliaryReport
from embtune_api.build import Build
from embtune_api.checks import Checks
from embtune_api.documents.prepare import PreparedSet, ResolvedSource
from embtune_api.errors import InvalidInput
from embtune_api.losses import FITTING, JUDGED
from embtune_api.reports import Finding
from embtune_api.requests import PrepareRequest
from embtune_api.split import Split
from embtune_trainer.prepare import jsonl
from embtune_trainer.prepare.archive import Archive
from embtune_trainer.prepare.builders import Built, build
from embtune_trainer.prepare.checks.age import young_enough
from embtune_trainer.prepare.checks.duplicates import without_conflicts, without_duplicates
from embtune_trainer.prepare.checks.enough import enough_for_the_method
from embtune_trainer.prepare.divide import FEWEST_TRAINING_ROWS, Divided
from embtune_trainer.prepare.findings import counted, settle
from embtune_trainer.prepare.leakage import Protected, hold_out, protect_exam, protect_validation
from embtune_trainer.prepare.outputs import Outputs
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.rows import Row, by_content
from embtune_trainer.prepare.sources import ReadData, content_at, read_source
from embtune_trainer.prepare.taking import Taker
from embtune_trainer.prepare.telling import Tell, told_as, untold

_AS_THEY_ARE = Build(labelled_texts="Batches", negatives="None")


@dataclass(frozen=True)
class CleanSet:
    """A set whose rows may be trained on."""

    name: str
    loss: AuxiliaryLoss
    """Never Auto."""
    built: Built
    source: ResolvedSource
    findings: list[Finding]
    report: AuxiliaryReport

    @property
    def rows(self) -> list[Row]:
        return self.built.train

    @property
    def content(self) -> bytes:
        """The rows as jsonl, in the order of their content: that of the source leaves no trace."""
        return jsonl.to_bytes(row.record for row in by_content(self.rows))

    def prepared(self, outputs: Outputs, archive: Archive | None) -> PreparedSet:
        """As the training is told of it, once it is among the outputs."""
        key = outputs.keys.auxiliary_rows(self.name)
        return PreparedSet(
            name=self.name,
            source=self.source,
            shape=self.built.shape,
            loss=self.loss,
            rows=len(self.rows),
            file=outputs.file(key),
            archived=archive.keep(outputs.contents[key]) if archive else None,
        )


@dataclass(frozen=True)
class AuxiliarySets:
    """What the job wants, and what the sources hold."""

    request: PrepareRequest
    wanted: Sequence[AuxiliarySet]
    read: Sequence[ReadData]
    suites: Sequence[Protected]
    """Exams beside the line's."""

    @classmethod
    def of(
        cls,
        request: PrepareRequest,
        folder: Path | None,
        outside: Outside,
        archive: Archive | None,
        suites: Sequence[Protected],
        tell: Tell = untold,
    ) -> AuxiliarySets:
        """
        Raises:
            InvalidInput: as `read_sources`.
        """
        wanted = (request.data.auxiliary if request.data else None) or []
        read = []
        for number, one in enumerate(wanted):
            content, revision = content_at(one.train, folder, f"data.auxiliary[{number}].train", outside)
            told = told_as(tell, number / len(wanted), (number + 1) / len(wanted))
            read.append(ReadData())
            read_source(one.train, content, revision, Taker(one.train, Split(method="Hash")), read[-1], archive, told)
        return cls(request, wanted, read, suites)

    def clean(self, divided: Divided, main_rows: int, now: datetime) -> list[CleanSet]:
        """What may be trained on, given the line's exam and the validation rows. Which rows are held out of data.train says
        nothing of these: no exam is made of them.

        Args:
            main_rows: to train on.
            now: rows are so much younger.

        Raises:
            InvalidInput: a finding whose action is Fail, too few rows, or scores that the loss does not learn from.
        """
        if not self.wanted:
            return []
        protected = [protect_exam(divided.exam), *self.suites, protect_validation(divided.sides["validation"])]
        unseen = [replace(one, groups=frozenset()) for one in protected]  # groups of other files say nothing of these rows
        return [self._clean(number, unseen, main_rows, now) for number in range(len(self.wanted))]

    def _clean(self, number: int, unseen: Sequence[Protected], main_rows: int, now: datetime) -> CleanSet:
        assert self.request.data
        wanted, data, checks = self.wanted[number], self.read[number], self.request.data.checks
        place = f"data.auxiliary[{number}]"
        different, findings = _checked(data, checks, now)
        rows = different
        for protected in unseen:
            rows, found = hold_out(rows, protected, checks.leakage)
            findings += found
        _refuse_too_few(rows, data, place)
        built = build(rows, [], _AS_THEY_ARE, field=f"{place}.train")
        loss = _explicit(wanted.loss, built, place)
        training = self.request.training
        size = presets.batch_size(training, main_rows)
        findings += enough_for_the_method(built, training.model_copy(update={"loss": loss.loss, "batch_size": size}), checks)
        report = AuxiliaryReport(
            name=wanted.name,
            uri=wanted.train.uri,
            shape=built.shape,
            loss=loss.name,
            weight=wanted.train.weight,
            read=data.rows_read,
            removed=len(data.rows) - len(different),
            matching=len(different) - len(rows),
            train=len(rows),
        )
        named = [finding.model_copy(update={"check": f"auxiliary/{wanted.name}/{finding.check}"}) for finding in findings]
        return CleanSet(wanted.name, loss, built, data.sources[0], named, report)


def _checked(data: ReadData, checks: Checks, now: datetime) -> tuple[list[Row], list[Finding]]:
    """The rows that say something of their own and are not too old, and what was found on the way."""
    unusable = settle("empty", data.empty, checks.empty, "have an empty or unusable column", "data.checks.empty")
    rows, repeated = without_duplicates(data.rows, checks, lambda _: "train")
    rows, conflicting = without_conflicts(rows, checks)
    rows, old = young_enough(rows, checks, lambda _: "train", now)
    return rows, [*data.findings, *unusable, *repeated, *conflicting, *old]


def _refuse_too_few(rows: Sequence[Row], data: ReadData, place: str) -> None:
    if len(rows) < FEWEST_TRAINING_ROWS:
        raise InvalidInput(
            f"{place}.train: {counted(len(rows))} would be left to train on, of {data.rows_read} read: {len(data.empty)} are "
            f"empty, and the others repeat one another, or match the exam or the validation rows. Add rows, or leave the set out."
        )


def _explicit(wanted: AuxiliaryLoss, built: Built, place: str) -> AuxiliaryLoss:
    """With what Auto stands for."""
    loss = wanted.model_copy(update={"name": FITTING[built.shape]}) if wanted.name == "Auto" else wanted
    if loss.name in JUDGED and built.shape == "scored pairs":
        raise InvalidInput(
            f"{place}.loss: {loss.name} learns from scores of 0 and 1, and {place}.train has others. Take CoSENT or "
            f"CosineSimilarity, or leave the loss to Auto."
        )
    return loss
