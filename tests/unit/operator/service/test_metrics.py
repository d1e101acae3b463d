"""The metrics are those of docs/metrics.md, and no label of theirs holds a name."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from embtune_api.status import Attempt, FineTuneJobStatus
from embtune_api.verdict import Verdict
from embtune_operator.service.gauges import show_gauges
from embtune_operator.service.leader import AlwaysLeader
from embtune_operator.service.metrics import Metrics
from embtune_operator.service.queue import Queue
from embtune_operator.service.resources import Resources
from embtune_operator.service.watches import Watches
from factories import a_job, minutes

DOCUMENT = Path(__file__).parents[4] / "docs" / "metrics.md"


@pytest.fixture
def metrics() -> Metrics:
    metrics = Metrics()
    show_gauges(metrics, AlwaysLeader(), Queue(lambda: 0.0), Resources(), Watches())
    return metrics


def test_the_document_lists_every_metric_with_its_labels_and_no_other(metrics: Metrics) -> None:
    ours = [metric for metric in metrics.registry.collect() if metric.name.startswith("embtune_")]
    served = {f"{metric.name}{'_total' if metric.type == 'counter' else ''}" for metric in ours}
    rows = re.findall(
        r"^\| `(embtune_\w+)` \| \w+ \|", DOCUMENT.read_text(encoding="utf-8").split("## Training pods")[0], re.MULTILINE
    )
    assert sorted(served) == sorted(rows)


def test_what_a_pass_has_changed_is_counted_once(metrics: Metrics) -> None:
    ended = Attempt(step="train", number=1, state="Succeeded", started_at=minutes(0), finished_at=minutes(2))
    failed = Attempt(step="prepare", number=1, state="Failed", reason="OutOfMemory")
    running = FineTuneJobStatus(phase="Training", attempts=[failed])
    done = FineTuneJobStatus(
        phase="Succeeded", attempts=[failed, ended], verdict=Verdict(outcome="Passed", gates=[], reason="fine")
    )
    job = a_job()
    metrics.note_pass(job, running)
    metrics.note_pass(job.model_copy(update={"status": running}), done)
    metrics.note_pass(job.model_copy(update={"status": done}), done)
    assert value(metrics, "embtune_attempts_failed_total", step="prepare", reason="OutOfMemory") == 1
    assert value(metrics, "embtune_step_seconds_count", step="train") == 1
    assert value(metrics, "embtune_step_seconds_sum", step="train") == 120
    assert value(metrics, "embtune_verdicts_total", outcome="Passed") == 1
    assert value(metrics, "embtune_jobs_finished_total", phase="Succeeded") == 1


@pytest.mark.parametrize(("kind", "name"), [("Promote", "embtune_promotions_total"), ("Rollback", "embtune_rollbacks_total")])
def test_a_release_is_counted_by_what_it_did(kind: str, name: str, metrics: Metrics) -> None:
    release = json.dumps({"transition": {"kind": kind}}).encode()
    metrics.note_release("search/shop/release.json", release)
    metrics.note_release("search/shop/history/1.json", release)
    assert value(metrics, name) == 1


def test_a_deleted_version_counts_as_neither(metrics: Metrics) -> None:
    metrics.note_release("search/shop/release.json", json.dumps({"transition": {"kind": "Delete"}}).encode())
    assert [value(metrics, f"embtune_{name}_total") for name in ("promotions", "rollbacks")] == [0, 0]


def test_every_phase_is_shown_from_the_start(metrics: Metrics) -> None:
    assert value(metrics, "embtune_jobs", phase="Failed") == 0
    assert value(metrics, "embtune_leader") == 1


def value(metrics: Metrics, name: str, **labels: str) -> float:
    from prometheus_client import generate_latest

    families = text_string_to_metric_families(generate_latest(metrics.registry).decode())
    return next(s.value for family in families for s in family.samples if s.name == name and s.labels == labels)
