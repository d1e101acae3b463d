"""How a subject stands: the plain facts that conclusions are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from embtune_operator.report.slices import find_slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from embtune_api.reports import Finding
    from embtune_api.status import Stage
    from embtune_api.training_record import LossPoint, TrainingFinding
    from embtune_api.verdict import GateResult, Outcome
    from embtune_operator.judge.bootstrap import Bounds
    from embtune_operator.registry.versions import Version
    from embtune_operator.report.evidence import Evidence
    from embtune_operator.report.slices import Slice

_ENDS = 0.1
"""Share of the steps whose mean loss stands for the begin and the end of training."""


@dataclass(frozen=True)
class Match:
    """The candidate beside the model that it would replace."""

    metric: str
    """`ndcg@10`"""
    rival: str
    """`production v1`, or `the base`."""
    candidate: float
    rival_score: float
    difference: Bounds
    """One-sided 95 % bounds."""
    detects: float
    """The smallest difference that the exam finds in 80 of 100 cases."""
    queries: int
    groups: int
    better: int
    """Queries that the candidate answers better."""
    alike: int
    worse: int


@dataclass(frozen=True)
class Standing:
    name: str
    """`tldr-search v2`, or the job's name."""
    outcome: Outcome | None
    """None: nothing has been judged."""
    reason: str
    """Of the verdict; without one, what became of the job."""
    stage: Stage | None
    gates: Sequence[GateResult]
    hints: Sequence[str]
    """What the exam can tell at all, and how often it has been asked."""
    match: Match | None
    slices: Sequence[Slice]
    dropped: int
    """Exam queries left out, since a compared model was trained on them."""
    findings: Sequence[Finding]
    rows_used: int
    """Of the data, after checks; 0: nobody knows."""
    training: Sequence[TrainingFinding]
    """What a person should know of it."""
    loss_fell: bool | None
    """None: nobody knows."""
    reindex: Sequence[str]
    """How its vectors differ in kind from those of production."""
    documents_stay: bool
    """Documents are embedded by what embedded them before it was trained: an index of them stays valid."""
    base_is_rival: bool
    """It was trained from the very version that it would replace: what is said of the one is said of the other."""
    reference: str
    """MODEL@N of the version; empty: there is none."""
    options: str
    """That commands need to find it: `--store … --namespace …`."""


def sentence_of(finding: Finding) -> str:
    """A finding's message completes "<n> rows …", but for those about the size of a side, which are sentences."""
    if finding.check in ("exam", "validation"):
        return f"{finding.message[:1].upper()}{finding.message[1:]}."
    rows = "1 row" if finding.rows == 1 else f"{finding.rows:,} rows"
    return f"{rows} of the data {finding.message} ({finding.check})."


def standing_of(evidence: Evidence, shown_store: str) -> Standing:
    """Everything but what is plain is left out."""
    subject, evaluation = evidence.subject, evidence.evaluation
    verdict = evaluation.verdict if evaluation else subject.status.verdict if subject.status else None
    version, line = subject.version, subject.line
    return Standing(
        name=subject.name,
        outcome=verdict.outcome if verdict else None,
        reason=verdict.reason if verdict else _what_became(evidence),
        stage=version.stage if version else None,
        gates=verdict.gates if verdict else [],
        hints=verdict.hints if verdict else [],
        match=_match(evidence),
        slices=find_slices(evidence.answers, [one.slice for one in evaluation.slices]) if evidence.answers and evaluation else [],
        dropped=sum(len(asked.dropped) for asked in evaluation.suites) if evaluation else 0,
        findings=evidence.data.findings if evidence.data else [],
        rows_used=evidence.data.rows_used if evidence.data else 0,
        training=evidence.training.findings if evidence.training else [],
        loss_fell=_fell(evidence.training.curve) if evidence.training else None,
        reindex=evidence.reindex,
        documents_stay=_documents_stay(version),
        base_is_rival=_base_is_rival(version, line.model) if version and line else False,
        reference=f"{line.model}@{version.number}" if line and version else "",
        options=f"--store {shown_store} --namespace {subject.namespace}",
    )


def _documents_stay(version: Version | None) -> bool:
    tune = version.metadata.training_config.get("tune") if version else None
    return tune is not None and tune.get("documentEncoder") == "Frozen"


def _base_is_rival(version: Version, model: str) -> bool:
    base, champion = (version.metadata.lineage.get(name) or {} for name in ("base", "champion"))
    return "version" in champion and base.get("uri") == f"{model}@{champion['version']}"


def _what_became(evidence: Evidence) -> str:
    status = evidence.subject.status
    if status is None:
        return "the job has not ended: run it again, or wait for it"
    failed = [condition.message for condition in status.conditions if condition.type == "Failed" and condition.status == "True"]
    return failed[0] if failed else f"the job ended as {status.phase}, and nothing was judged"


def _match(evidence: Evidence) -> Match | None:
    duel = evidence.duel
    if duel is None:
        return None
    import numpy as np

    gained = duel.gained
    return Match(
        metric=duel.short_metric,
        rival=duel.rival,
        candidate=duel.score.value,
        rival_score=duel.rival_score.value,
        difference=duel.difference,
        detects=duel.detects,
        queries=len(gained),
        groups=len(np.unique(duel.candidate_scores.groups)),
        better=int((gained > 0).sum()),
        alike=int((gained == 0).sum()),
        worse=int((gained < 0).sum()),
    )


def _fell(curve: Sequence[LossPoint]) -> bool | None:
    """Whether the loss at the end is below that of the begin; a few points tell nothing."""
    curve = [point for point in curve if point.auxiliary is None]
    part = int(len(curve) * _ENDS)
    if part < 1:
        return None
    return sum(point.loss for point in curve[-part:]) < sum(point.loss for point in curve[:part])
