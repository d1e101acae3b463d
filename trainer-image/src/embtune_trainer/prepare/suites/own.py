"""What the suites of a job name, read and looked through; then kept with the line."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from embtune_api.documents.files import StoredModel
from embtune_api.documents.prepare import StagedSuite
from embtune_api.errors import InvalidInput
from embtune_api.evaluation import Suite
from embtune_api.keys import LineKeys
from embtune_api.reports import Finding
from embtune_api.requests import PrepareRequest
from embtune_api.suite_kinds import EXAM_KINDS
from embtune_api.verdict import MIN_GROUPS, MIN_QUERIES
from embtune_store.protocol import Store
from embtune_trainer.prepare.exam import ExamSet, keep_exam
from embtune_trainer.prepare.leakage import Protected, protect_suite
from embtune_trainer.prepare.outside import Outside
from embtune_trainer.prepare.suites.beir import read_beir
from embtune_trainer.prepare.suites.reranker import stage_reranker
from embtune_trainer.prepare.suites.rows import read_rows


@dataclass(frozen=True)
class OwnSuite:
    """One suite, and what it asks; None: the line's exam."""

    suite: Suite
    exam: ExamSet | None
    reranker: StoredModel | None


@dataclass(frozen=True)
class OwnSuites:
    """Those of a job that take more than the line's exam, in the job's order."""

    suites: list[OwnSuite] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @cached_property
    def protected(self) -> list[Protected]:
        """What must not be trained on."""
        return [protect_suite(own.suite.name, own.exam) for own in self.suites if own.exam]

    def stage(self, store: Store, line: LineKeys, exam: ExamSet) -> list[StagedSuite]:
        """Keep the exams with the line.

        Args:
            exam: the line's.

        Raises:
            Tampered: an exam that was kept before is not what it was.
        """
        for own in self.suites:
            if own.exam:
                keep_exam(store, line, own.exam)
        return [
            StagedSuite(name=own.suite.name, exam=(own.exam or exam).manifest.digest, reranker=own.reranker)
            for own in self.suites
        ]


def read_suites(request: PrepareRequest, folder: Path | None, outside: Outside) -> OwnSuites:
    """Read what they ask; a cross-encoder is kept with the line at once.

    Args:
        folder: where relative paths start; None refuses paths.

    Raises:
        InvalidInput: what a suite names cannot be had or read, does not hold what its kind asks, or asks nothing.
    """
    found = OwnSuites()
    for suite in request.suites:
        place = f"evaluation.suites[{suite.name}]"
        exam = None
        if suite.data is not None:
            exam, findings = read_rows(suite, suite.data, folder, outside, place)
        elif suite.beir is not None:
            exam, findings = read_beir(suite, suite.beir, folder, outside, place)
        if exam is not None:
            _refuse_misfit(suite, exam, place)
            found.findings.extend([*findings, *_small(suite, exam)])
        reranker = None
        if suite.reranking is not None:
            reference = suite.reranking.cross_encoder
            reranker = stage_reranker(reference, request.line_keys, folder, outside, f"{place}.reranking.crossEncoder")
        found.suites.append(OwnSuite(suite, exam, reranker))
    return found


def _refuse_misfit(suite: Suite, exam: ExamSet, place: str) -> None:
    if suite.kind not in EXAM_KINDS[exam.prepared_shape]:
        raise InvalidInput(
            f"{place}.kind: {suite.kind} cannot be measured on {exam.prepared_shape}, which its data holds. Take "
            f"{' or '.join(EXAM_KINDS[exam.prepared_shape])}, or other data."
        )


def _small(suite: Suite, exam: ExamSet) -> list[Finding]:
    """A warning when the exam is too small for any verdict."""
    made = exam.manifest
    if made.queries >= MIN_QUERIES and made.groups >= MIN_GROUPS:
        return []
    message = (
        f"suite {suite.name} asks {made.queries} queries in {made.groups} groups, fewer than the {MIN_QUERIES} queries and "
        f"{MIN_GROUPS} groups that a verdict needs: gates on it will be Inconclusive. Give it more rows"
    )
    return [Finding(check=f"suites/{suite.name}", rows=made.queries, action="kept", message=message)]
