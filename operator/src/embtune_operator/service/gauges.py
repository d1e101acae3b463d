"""The gauges: what is read at each scrape."""

from __future__ import annotations

from typing import TYPE_CHECKING

from embtune_operator.kube.kinds import EMBEDDINGMODEL, FINETUNEJOB, MODELVERSION
from embtune_operator.service.metrics import PHASES, STAGES, Metrics, Shown
from embtune_operator.service.triggers import LINE, SCRATCH, STORE

if TYPE_CHECKING:
    from embtune_operator.service.queue import Queue
    from embtune_operator.service.resources import Resources
    from embtune_operator.service.watches import Watches
    from embtune_operator.service.workers import Leadership

_KINDS = (FINETUNEJOB.kind, MODELVERSION.kind, EMBEDDINGMODEL.kind, SCRATCH, STORE, LINE)


def show_gauges(metrics: Metrics, leader: Leadership, queue: Queue, resources: Resources, watches: Watches) -> None:
    metrics.show(
        Shown("leader", "1 while this process leads", "", lambda: {"": float(leader.still())}),
        Shown("queue_depth", "Resources whose pass is due and has not begun", "kind", queue.depth, _KINDS),
        Shown("queue_waiting", "Resources whose pass is planned for later", "kind", queue.waiting, _KINDS),
        Shown("jobs", "FineTuneJobs by phase", "phase", resources.jobs_by_phase, PHASES),
        Shown("versions", "ModelVersions by stage", "stage", resources.versions_by_stage, STAGES),
        Shown("watch_age_seconds", "Since the watch of that kind last received a byte or an orderly end", "kind", watches.ages),
    )
