"""Tables of the page: texts only, and which columns are numbers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from embtune_api.cost import is_cost
from embtune_api.metrics import main_metrics
from embtune_operator.judge.measure import CONFIDENCE
from embtune_operator.view.candidates import candidate_columns, candidate_rows
from embtune_operator.view.score_table import told

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from embtune_api.auxiliary_report import AuxiliaryCourse
    from embtune_api.contract import EmbeddingContract
    from embtune_api.ranking import Ranking
    from embtune_api.reports import DataReport, TrainingReport
    from embtune_api.status import CandidateStatus
    from embtune_api.verdict import GateResult
    from embtune_operator.judge.diagnosis import Cluster
    from embtune_operator.report.evidence import Evidence
    from embtune_operator.report.slices import Slice
    from embtune_operator.view.score_table import Role

LONGEST = 300
"""Characters of a text that comes from data."""


@dataclass(frozen=True)
class Table:
    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: frozenset[int] = frozenset()
    """Columns that are set to the right."""


@dataclass(frozen=True)
class Facts:
    """Two columns: what, and how much."""

    caption: str
    rows: tuple[tuple[str, str], ...]


def score_rows(roles: Sequence[Role]) -> Table:
    """Every main metric of every role, with bounds."""
    names = main_metrics(list(roles[0].metrics)) if roles else []
    rows = tuple((name, *(_score(role, name) for role in roles)) for name in names)
    rounds = "; of times over rounds" if any(map(is_cost, names)) else ""
    caption = f"Scores on the exam; in brackets one-sided {CONFIDENCE:.0%} bounds, from a bootstrap over groups{rounds}"
    return Table(caption, ("metric", *(role.name for role in roles)), rows, frozenset(range(1, len(roles) + 1)))


def gate_rows(gates: Sequence[GateResult]) -> Table:
    rows = tuple(
        (gate.metric, gate.outcome, _number(gate.value), _number(gate.lower), _number(gate.upper), f"{gate.threshold:g}")
        for gate in gates
    )
    columns = ("metric", "outcome", "judged value", "lower bound", "upper bound", "threshold")
    return Table(
        "The numbers behind the gates; a difference is judged where the gate compares", columns, rows, frozenset({2, 3, 4, 5})
    )


def ranking_rows(ranking: Ranking, told: Sequence[CandidateStatus]) -> Table:
    """Every candidate of the job; `told`: what its status says of them."""
    caption = (
        f"Candidates, on {ranking.questions:,} validation questions in {ranking.groups:,} groups; in brackets one-sided "
        f"{ranking.confidence:.0%} bounds, from a bootstrap over groups, differences paired"
    )
    rows = tuple(candidate_rows(ranking, told))
    return Table(caption, candidate_columns(ranking), rows, frozenset(range(2, 7)))


def slice_rows(slices: Sequence[Slice], rival: str) -> Table:
    rows = tuple(
        (
            made.name,
            f"{made.queries:,}",
            f"{made.rival:.3f}",
            f"{made.candidate:.3f}",
            f"{made.change:+.3f}",
            f"{made.difference.lower:+.3f} to {made.difference.upper:+.3f}" if made.difference else "–",
            made.told,
        )
        for made in slices
    )
    columns = ("slice", "queries", rival, "candidate", "change", "bounds", "told")
    caption = "Parts of the exam, the one that lost most first. Bounds hold for all slices together"
    return Table(caption, columns, rows, frozenset({1, 2, 3, 4, 5}))


def cluster_rows(clusters: Sequence[Cluster]) -> Table:
    rows = tuple((made.word, f"{made.queries:,}", f"{made.losses:,}", f"{made.change:+.3f}") for made in clusters)
    columns = ("word", "queries with it", "of these lost", "mean change")
    return Table("Words that stand in more of the losses than chance would have it", columns, rows, frozenset({1, 2, 3}))


def source_rows(report: DataReport, sources: Sequence[Mapping[str, Any]]) -> Table:
    """What was read of each source; `sources` are those of the version, which know the digests."""
    digests = {source["uri"]: str(source.get("sha256", "")) for source in sources}
    rows = tuple(
        (
            source.uri,
            source.language or "–",
            f"{source.read:,}",
            f"{source.used:,}",
            f"{source.train:,}",
            _cut(digests.get(source.uri)),
        )
        for source in report.sources
    )
    columns = ("source", "language", "rows read", "rows used", "rows to train on", "sha256")
    return Table("Sources", columns, rows, frozenset({2, 3, 4}))


def auxiliary_rows(report: DataReport) -> Table:
    """Sets that are trained on beside the main rows."""
    rows = tuple(
        (one.name, one.uri, one.shape, one.loss, f"{one.weight:g}", *(f"{n:,}" for n in (one.read, one.matching, one.train)))
        for one in report.auxiliary
    )
    columns = ("set", "source", "of", "loss", "weight", "rows read", "match the exam or validation", "rows to train on")
    return Table("Auxiliary sets: trained on, and for nothing else", columns, rows, frozenset({4, 5, 6, 7}))


def side_rows(report: DataReport) -> Table:
    rows = tuple(
        (side, f"{found.rows:,}", f"{found.queries:,}", f"{found.groups:,}") for side, found in report.split.sides.items()
    )
    return Table(f"Split, by method {report.split.method}", ("side", "rows", "queries", "groups"), rows, frozenset({1, 2, 3}))


def finding_rows(report: DataReport) -> Table:
    rows = tuple(
        (finding.check, f"{finding.rows:,}", finding.action, finding.message, shortened(" · ".join(finding.examples)))
        for finding in report.findings
    )
    return Table("Findings of the checks", ("check", "rows", "what was done", "what it is", "examples"), rows, frozenset({1}))


def lineage_facts(evidence: Evidence) -> Facts:
    """What it was made of, by digests."""
    version, subject = evidence.subject.version, evidence.subject
    rows: list[tuple[str, str]] = [("job", f"{subject.job.job} ({subject.job.uid})")] if subject.job else []
    if version:
        lineage = version.metadata.lineage
        base, champion = lineage.get("base") or {}, lineage.get("champion")
        rows += [
            ("published", f"{version.metadata.timestamp:%Y-%m-%d %H:%M} UTC"),
            ("version digest", version.manifest.digest),
            ("model digest", version.evaluation.model_digest),
            ("base", " ".join(filter(None, [base.get("uri"), base.get("revision")]))),
            ("trained from", _other_base(version.metadata.base_model, base)),
            ("base digest", base.get("digest") or ""),
            ("judged against", f"production v{champion['version']} ({champion['digest']})" if champion else "the base"),
            ("exam", version.evaluation.exam),
            ("data", str(version.metadata.training_data.get("digest") or "")),
            ("spec", str(lineage.get("spec_digest") or "")),
        ]
    return Facts("Lineage", tuple((name, value) for name, value in rows if value))


def _other_base(trained_from: Mapping[str, Any], base: Mapping[str, Any]) -> str:
    """Where a candidate started that was picked, if that is not the base that it was compared with."""
    if trained_from.get("digest") in (None, base.get("digest")):
        return ""
    return " ".join(filter(None, [trained_from.get("uri"), trained_from.get("revision")]))


def contract_facts(contract: EmbeddingContract | None) -> Facts:
    """What whoever keeps its vectors relies on."""
    told = contract.model_dump(by_alias=True) if contract else {}
    return Facts("Embedding contract: what an index and a client rely on", tuple((name, _plain(told[name])) for name in told))


def training_facts(report: TrainingReport) -> Facts:
    rows = [
        ("rows", f"{report.rows:,}"),
        *((f"beside them {one.name}", _course(one)) for one in report.auxiliary),
        ("steps", f"{report.total_steps:,}"),
        ("time", f"{report.seconds:,.0f} s, {report.samples_per_second:,.0f} rows a second"),
        (
            "hardware",
            f"{report.processes} × {report.device}, {report.precision}, at most {report.peak_memory_bytes / 2**30:.1f} GiB",
        ),
        ("known positives kept out of the negatives", f"{report.masked_negatives:,}"),
        ("padding", f"{report.padding_factor:.2f} tokens computed for each token given"),
        ("libraries", ", ".join(f"{name} {number}" for name, number in sorted(report.versions.items()))),
    ]
    if report.validation:
        stopped = ", stopped early" if report.validation.stopped_early else ""
        rows.append(("published weights", f"of step {report.validation.best_step:,}, the best on validation{stopped}"))
    if report.memory.events:
        last = report.memory.events[-1]
        rows.append(
            ("memory", f"ran out {len(report.memory.events)} times; {last.texts:,} texts at once since step {last.step:,}")
        )
    if report.skipped_steps:
        rows.append(("skipped", f"{report.skipped_steps:,} steps, whose gradients overflowed in fp16"))
    if report.resumed_from_step is not None:
        rows.append(("resumed", f"from step {report.resumed_from_step:,}"))
    return Facts("Training", tuple(rows))


def _course(course: AuxiliaryCourse) -> str:
    fell = "" if course.first_loss is None else f"; loss {course.first_loss:.3f} at first, {course.last_loss:.3f} in the end"
    return f"{course.rows:,} rows, weight {course.weight:g}, {course.steps_per_epoch:,} steps an epoch, {course.loss}{fell}"


def recipe_facts(recipe: Mapping[str, Any]) -> Facts:
    return Facts("Recipe, with every value explicit", tuple((str(name), _plain(value)) for name, value in _flat(recipe)))


def shortened(text: str, most: int = LONGEST) -> str:
    """With an ellipsis where it is longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """`{"loss": {"name": …}}` → `loss.name`"""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _plain(value: Any) -> str:
    return "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _score(role: Role, metric: str) -> str:
    value, bound = role.metrics.get(metric), role.bounds.get(metric)
    if value is None:
        return "–"
    return f"{told(metric, value)} ({told(metric, bound.lower)} to {told(metric, bound.upper)})" if bound else told(metric, value)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _cut(digest: str | None) -> str:
    return f"{digest[:16]}…" if digest else "–"
