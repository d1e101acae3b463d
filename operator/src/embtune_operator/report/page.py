"""Evidence to HTML: one file, which asks for nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from embtune_operator.judge.diagnosis import diagnose
from embtune_operator.report import pictures, tables
from embtune_operator.report.answers import most_different
from embtune_operator.report.conclusions import conclude
from embtune_operator.report.standing import standing_of
from embtune_operator.view.candidates import ranking_of

if TYPE_CHECKING:
    from embtune_operator.report.evidence import Evidence

CASES = 8
"""Wins, and losses, that the page shows."""
_TEMPLATES = "templates"


def render(evidence: Evidence, shown_store: str, now: datetime | None = None) -> str:
    """The page.

    Args:
        shown_store: the store as commands on the page name it.
    """
    environment = Environment(
        loader=PackageLoader("embtune_operator.report", _TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["shortened"] = tables.shortened
    standing = standing_of(evidence, shown_store)
    wins, losses = most_different(evidence.answers, CASES) if evidence.answers else ([], [])
    diagnosis = (
        diagnose([evidence.answers.answered(n) for n in range(len(evidence.answers.rival))], CASES) if evidence.answers else None
    )
    version, data, training = evidence.subject.version, evidence.data, evidence.training
    status, ranking = evidence.subject.status, ranking_of(version.metadata) if version else None
    of_version = version.metadata.training_data if version else {}
    script = files("embtune_operator.report").joinpath(_TEMPLATES, "save.js").read_text(encoding="utf-8")
    recipe = (version.metadata.training_config if version else {}) or (training.recipe if training else {})
    return environment.get_template("page.html.j2").render(
        standing=standing,
        conclusions=conclude(standing),
        subject=evidence.subject,
        evaluation=evidence.evaluation,
        wins=wins,
        losses=losses,
        answers=evidence.answers,
        clusters=tables.cluster_rows(diagnosis.clusters) if diagnosis else None,
        conflicts=diagnosis.conflicts if diagnosis else (),
        score_charts=pictures.score_pictures(evidence.duel, standing.match, evidence.roles),
        slice_charts=pictures.slice_picture(standing.slices, standing.match) if standing.match else [],
        training_charts=pictures.training_pictures(training),
        scores=tables.score_rows([role for role in evidence.roles if role.metrics]),
        gates=tables.gate_rows(standing.gates),
        slices=tables.slice_rows(standing.slices, standing.match.rival) if standing.match else None,
        sources=tables.source_rows(data, of_version.get("sources", [])) if data else None,
        auxiliary=tables.auxiliary_rows(data) if data else None,
        sides=tables.side_rows(data) if data else None,
        findings=tables.finding_rows(data) if data else None,
        data=data,
        training=tables.training_facts(training) if training else None,
        ranking=ranking,
        candidates=tables.ranking_rows(ranking, status.candidates if status else []) if ranking else None,
        lineage=tables.lineage_facts(evidence),
        contract=tables.contract_facts(version.metadata.contract if version else None),
        recipe=tables.recipe_facts(recipe),
        split=of_version.get("split", {}),
        split_facts=tables.recipe_facts(of_version.get("split", {})),
        made_at=now or datetime.now(UTC),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )
