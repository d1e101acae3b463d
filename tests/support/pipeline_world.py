"""A world for one job: a cluster in memory, a trainer that only pretends, and a clock that is moved by hand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from embtune_api.errors import Exit
from embtune_api.keys import LineKeys
from embtune_api.wish import ANNOTATION
from embtune_operator.cluster import MemoryCluster
from embtune_operator.pipeline.apply import show
from embtune_operator.pipeline.conditions import find
from embtune_operator.pipeline.memory import Memory
from embtune_operator.pipeline.reconcile import advance
from embtune_operator.pipeline.settled import is_settled
from embtune_operator.pipeline.stalls import Stalls
from embtune_operator.pipeline.surroundings import Surroundings
from embtune_store import open_store
from factories import METRIC, NOON, PretendTrainer, minutes, settings

if TYPE_CHECKING:
    from datetime import datetime

    from embtune_api.resources import FineTuneJob
    from embtune_api.status import Attempt, Condition, ConditionType, FailureReason, FineTuneJobStatus, StepName
    from embtune_operator.cluster import Cluster
    from embtune_operator.pipeline.decision import Decision
    from embtune_operator.pipeline.hold import Hold
    from embtune_operator.settings import Settings
    from embtune_store import Store

LINE = LineKeys("search", "shop")
EASY: list[dict[str, Any]] = [{"metric": METRIC, "minDelta": 0.01, "against": "Production"}]
IMPOSSIBLE: list[dict[str, Any]] = [{"metric": METRIC, "min": 0.99}]


class World:
    """One job, its cluster and its store; time passes by hand."""

    def __init__(self, job: FineTuneJob, store: Store | None = None, **changes: Any) -> None:
        self.job = job
        self.store = store or open_store("memory://")
        self.memory_cluster = MemoryCluster()
        self.cluster: Cluster = self.memory_cluster
        self.trainer = PretendTrainer(self.store)
        self.settings: Settings = settings(**changes)
        self.now: datetime = NOON
        self.hold: Hold | None = None
        self.watched = True
        """A watch shows new jobs, as in a cluster."""
        self.memory = Memory(Stalls(lambda: (self.now - NOON).total_seconds()))

    @property
    def status(self) -> FineTuneJobStatus:
        assert self.job.status
        return self.job.status

    def look(self) -> Decision:
        """One pass."""
        decision = asyncio.run(self._pass())
        self.job = self.job.model_copy(update={"status": decision.status})
        return decision

    async def _pass(self) -> Decision:
        """As the operator makes it; a job without a status is one that a watch has just shown."""
        seen_first = self.watched and self.job.status is None
        around = Surroundings(
            self.settings, self.cluster, self.store, lambda: self.now, self.hold, self.memory, seen_first=seen_first
        )
        decision = await advance(self.job, around)
        await show(decision, self.cluster)
        return decision

    def work(self) -> None:
        """Let every running child do what it was asked to, and end well."""
        for name, state in list(self.memory_cluster.states.items()):
            if state.state == "Running":
                self.trainer.work(self.memory_cluster.requests[name])
                self.memory_cluster.end(name, Exit.OK)

    def run(self, until: str = "") -> Decision:
        """Pass after pass, until nothing is left to do or a step of that name has been launched."""
        for _ in range(30):
            decision = self.look()
            rests = is_settled(self.job, self.now) is not None or decision.requeue_after is None
            if rests or any(child.request.step == until for child in decision.create):
                return decision
            self.work()
        raise AssertionError("the job does not come to an end")

    def running(self) -> list[str]:
        return [state.name for state in self.memory_cluster.states.values() if state.state == "Running"]

    def end_badly(self, code: int, at: float, message: str = "no luck", reason: FailureReason | None = None) -> None:
        """Let every running child fail, so many minutes after noon."""
        for name in self.running():
            self.memory_cluster.end(name, code, message, minutes(at), reason)

    def wish(self, value: str) -> None:
        """Annotate the job with a request."""
        metadata = self.job.metadata.model_copy(update={"annotations": {ANNOTATION: value}})
        self.job = self.job.model_copy(update={"metadata": metadata})

    def edit(self, **spec: Any) -> None:
        """Edit what may be changed of the spec; the API server counts a generation on."""
        generation = (self.job.metadata.generation or 1) + 1
        self.job = self.job.model_copy(
            update={
                "spec": self.job.spec.model_copy(update=spec),
                "metadata": self.job.metadata.model_copy(update={"generation": generation}),
            }
        )

    def condition(self, kind: ConditionType) -> Condition | None:
        return find(self.status.conditions, kind)

    def reason(self, kind: ConditionType) -> str:
        found = self.condition(kind)
        return found.reason if found else ""

    def attempts(self, step: StepName) -> list[Attempt]:
        return [attempt for attempt in self.status.attempts if attempt.step == step]


def outcome(world: World) -> tuple[str, str | None, str | None]:
    verdict, version = world.status.verdict, world.status.model_version
    return world.status.phase, verdict.outcome if verdict else None, version.stage if version else None
