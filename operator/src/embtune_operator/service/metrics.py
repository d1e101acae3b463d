"""Metrics: what docs/metrics.md lists. No label holds a name or a namespace."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib.metadata import version
from itertools import product
from typing import TYPE_CHECKING, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from embtune_api.status import FailureReason, Phase, Stage, StepName
from embtune_api.verdict import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from embtune_api.resources import FineTuneJob
    from embtune_api.status import Attempt, FineTuneJobStatus

PHASES: tuple[str, ...] = get_args(Phase)
STAGES: tuple[str, ...] = get_args(Stage)
_FAST = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_STEP = (1, 5, 15, 60, 300, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
_FINISHED = ("Succeeded", "Failed")


class Metrics:
    """One for each process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.reconciles = self._counter("reconciles", "Passes over a resource", "kind", "result")
        self.reconcile_seconds = self._histogram("reconcile_seconds", "How long a pass took", "kind")
        self.queue_wait = self._histogram("queue_wait_seconds", "From being due to the beginning of the pass", "kind")
        self.retries = self._counter("queue_retries", "Passes put off because one before had failed", "kind")
        self.jobs_finished = self._counter("jobs_finished", "Jobs that ended", "phase")
        self.step_seconds = self._histogram("step_seconds", "From the start of a step's pods to its end", "step", buckets=_STEP)
        self.attempts_failed = self._counter("attempts_failed", "Attempts that ended without their output", "step", "reason")
        self.verdicts = self._counter("verdicts", "Verdicts", "outcome")
        self.promotions = self._counter("promotions", "Versions brought into production")
        self.rollbacks = self._counter("rollbacks", "Rollbacks")
        self.store_seconds = self._histogram("store_request_seconds", "Requests to the object store", "operation")
        self.store_errors = self._counter("store_errors", "Requests to the object store that failed", "operation")
        self.api_requests = self._counter("api_requests", "Requests to the API server, watches excluded", "verb", "code")
        self.api_seconds = self._histogram("api_request_seconds", "Duration of requests to the API server", "verb")
        self.watch_restarts = self._counter("watch_restarts", "Times that all watches were begun anew")
        self._begin_at_zero()
        about = Gauge("embtune_build_info", "1, with the operator's version", ["version"], registry=self.registry)
        about.labels(version("embtune-operator")).set(1)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def show(self, *gauges: Shown) -> None:
        """Read these at each scrape."""
        self.registry.register(_Readings(gauges))

    def note_pass(self, job: FineTuneJob, status: FineTuneJobStatus) -> None:
        """Count what a pass has changed in a job's status."""
        before = job.status
        if status.phase in _FINISHED and (before is None or before.phase not in _FINISHED):
            self.jobs_finished.labels(status.phase).inc()
        if status.verdict and (before is None or before.verdict is None):
            self.verdicts.labels(status.verdict.outcome).inc()
        known = {(a.step, a.number) for a in before.attempts if _has_ended(a)} if before else set()
        for attempt in status.attempts:
            if _has_ended(attempt) and (attempt.step, attempt.number) not in known:
                self._note_attempt(attempt)

    def note_release(self, key: str, data: bytes) -> None:
        """Count what a swap of `release.json` has done."""
        if key.endswith("/release.json"):
            kind = json.loads(data)["transition"]["kind"]
            if counter := {"Promote": self.promotions, "Rollback": self.rollbacks}.get(kind):
                counter.inc()

    def _begin_at_zero(self) -> None:
        """A series that begins with its first event shows no increase by it: an alert would miss that one."""
        for phase in _FINISHED:
            self.jobs_finished.labels(phase)
        for outcome in get_args(Outcome):
            self.verdicts.labels(outcome)
        for step, reason in product(get_args(StepName), get_args(FailureReason)):
            self.attempts_failed.labels(step, reason)

    def _note_attempt(self, attempt: Attempt) -> None:
        if attempt.state == "Failed":
            self.attempts_failed.labels(attempt.step, attempt.reason or "Error").inc()
        elif attempt.started_at and attempt.finished_at:
            self.step_seconds.labels(attempt.step).observe((attempt.finished_at - attempt.started_at).total_seconds())

    def _counter(self, name: str, about: str, *labels: str) -> Counter:
        return Counter(f"embtune_{name}", about, labels, registry=self.registry)

    def _histogram(self, name: str, about: str, *labels: str, buckets: tuple[float, ...] = _FAST) -> Histogram:
        return Histogram(f"embtune_{name}", about, labels, registry=self.registry, buckets=buckets)


@dataclass(frozen=True)
class Shown:
    """A gauge that is read when it is asked for."""

    name: str
    about: str
    label: str
    """Empty: it has one value, under the label value ""."""
    read: Callable[[], Mapping[str, float]]
    always: tuple[str, ...] = ()
    """Label values that are shown as 0 where nothing is read."""


class _Readings(Collector):
    def __init__(self, gauges: tuple[Shown, ...]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterable[GaugeMetricFamily]:
        for gauge in self._gauges:
            family = GaugeMetricFamily(f"embtune_{gauge.name}", gauge.about, labels=[gauge.label] if gauge.label else [])
            for value, number in {**dict.fromkeys(gauge.always, 0.0), **gauge.read()}.items():
                family.add_metric([value] if gauge.label else [], number)
            yield family


def _has_ended(attempt: Attempt) -> bool:
    return attempt.state in ("Succeeded", "Failed")
